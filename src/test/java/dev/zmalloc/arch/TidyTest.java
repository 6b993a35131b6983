package dev.zmalloc.arch;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.Name;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Holds the sources to a form that stays readable: sizes, words, packages, paths. */
@Tag("arch")
class TidyTest {
    private static final int MOST_LINES_OF_A_FILE = 600;
    private static final int MOST_LINES_OF_A_METHOD = 60;
    private static final int MOST_COLUMNS = 120;

    /** Words that claim instead of saying, and notes to self that belong elsewhere. */
    private static final Pattern BANNED_WORDS =
            Pattern.compile("\\b(simply|just|robust|robustly|seamless|seamlessly|TODO|FIXME|XXX)\\b");

    /** Folders that exist on one machine only. */
    private static final Pattern MACHINE_PATH = Pattern.compile("(?<![\\w.*~}])/(work|root|home|tmp|Users)/");

    @Test
    void filesAreShort() {
        assertThat(problems(Sources.main(), (file, problems) -> {
                    long lines = read(file).lines().count();
                    if (lines > MOST_LINES_OF_A_FILE) {
                        problems.add(lines + " lines, more than " + MOST_LINES_OF_A_FILE);
                    }
                }))
                .isEmpty();
    }

    @Test
    void methodsAreShort() throws IOException {
        List<String> problems = new ArrayList<>();
        parse((unit, trees) -> new LongMethods(unit, trees.getSourcePositions(), problems).scan(unit, null));
        assertThat(problems).isEmpty();
    }

    @Test
    void whatIsPublicIsDescribed() throws IOException {
        List<String> problems = new ArrayList<>();
        parse((unit, trees) -> new Undescribed(unit, trees, problems).scan(unit, null));
        assertThat(problems).isEmpty();
    }

    @Test
    void linesFitTheScreenAndHoldNoTabs() {
        assertThat(problems(javaFiles(), (file, problems) -> {
                    int number = 0;
                    for (String line : read(file).lines().toList()) {
                        number++;
                        if (line.codePointCount(0, line.length()) > MOST_COLUMNS) {
                            problems.add(number + ": more than " + MOST_COLUMNS + " columns");
                        }
                        if (line.indexOf('\t') >= 0) {
                            problems.add(number + ": a tab");
                        }
                    }
                }))
                .isEmpty();
    }

    @Test
    void commentsClaimNothingAndPostponeNothing() {
        assertThat(problems(
                        javaFiles(),
                        (file, problems) -> Comments.of(read(file)).stream()
                                .flatMap(
                                        comment -> BANNED_WORDS.matcher(comment).results())
                                .forEach(found -> problems.add("a comment says \"" + found.group() + '"'))))
                .isEmpty();
        assertThat(problems(
                        Sources.others(),
                        (file, problems) -> BANNED_WORDS
                                .matcher(read(file))
                                .results()
                                .forEach(found -> problems.add("says \"" + found.group() + '"'))))
                .isEmpty();
    }

    @Test
    void noFileNamesAFolderOfOneMachine() {
        List<Path> files =
                Stream.concat(javaFiles().stream(), Sources.others().stream()).toList();
        assertThat(problems(
                        files,
                        (file, problems) -> MACHINE_PATH
                                .matcher(read(file))
                                .results()
                                .forEach(found -> problems.add("names " + found.group()))))
                .isEmpty();
    }

    @Test
    void everyPackageDeclaresItsNullness() {
        TreeSet<Path> folders = new TreeSet<>();
        for (Path file : Sources.main()) {
            if (!file.endsWith("module-info.java")) {
                folders.add(file.getParent());
            }
        }
        assertThat(folders).allSatisfy(folder -> {
            Path declaration = folder.resolve("package-info.java");
            assertThat(declaration).exists();
            assertThat(read(declaration)).contains("@NullMarked").startsWith("/**");
        });
    }

    private static void parse(BiConsumer<CompilationUnitTree, Trees> check) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, null, List.of("-proc:none"), null, files.getJavaFileObjectsFromPaths(Sources.main()));
            Trees trees = Trees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                check.accept(unit, trees);
            }
        }
    }

    private static List<Path> javaFiles() {
        return Stream.concat(Sources.main().stream(), Sources.test().stream()).toList();
    }

    /** What the check finds wrong, each with the file that it is in. */
    private static List<String> problems(List<Path> files, BiConsumer<Path, List<String>> check) {
        List<String> all = new ArrayList<>();
        for (Path file : files) {
            List<String> problems = new ArrayList<>();
            check.accept(file, problems);
            problems.forEach(problem -> all.add(Sources.root().relativize(file) + ": " + problem));
        }
        return all;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Notes each method, constructor and initializer that has too many lines; its doc comment does not count. */
    private static final class LongMethods extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final List<String> problems;

        LongMethods(CompilationUnitTree unit, SourcePositions positions, List<String> problems) {
            this.unit = unit;
            this.positions = positions;
            this.problems = problems;
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            measure(method, method.getName().toString());
            return super.visitMethod(method, null);
        }

        @Override
        public Void visitClass(ClassTree type, Void unused) {
            for (Tree member : type.getMembers()) {
                if (member instanceof BlockTree) {
                    measure(member, "an initializer");
                }
            }
            return super.visitClass(type, null);
        }

        private void measure(Tree tree, String name) {
            long first = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, tree));
            long last = unit.getLineMap().getLineNumber(positions.getEndPosition(unit, tree));
            long lines = last - first + 1;
            if (lines > MOST_LINES_OF_A_METHOD) {
                problems.add(unit.getSourceFile().getName() + ":" + first + ": " + name + " has " + lines
                        + " lines, more than " + MOST_LINES_OF_A_METHOD);
            }
        }
    }

    /** Notes each public type, and each method and field in one, that has no doc comment and overrides nothing. */
    private static final class Undescribed extends TreePathScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final Trees trees;
        private final List<String> problems;

        Undescribed(CompilationUnitTree unit, Trees trees, List<String> problems) {
            this.unit = unit;
            this.trees = trees;
            this.problems = problems;
        }

        @Override
        public Void visitClass(ClassTree type, Void unused) {
            boolean open = isOpen(type.getModifiers()) || isInInterface();
            if (!open || type.getSimpleName().isEmpty()) {
                return null;
            }
            require(type.getSimpleName());
            return super.visitClass(type, null);
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            boolean overrides = method.getModifiers().getAnnotations().stream()
                    .anyMatch(annotation ->
                            annotation.getAnnotationType().toString().equals("Override"));
            boolean compact = method.getName().contentEquals("<init>") && isInRecord();
            if (!overrides && !compact && (isOpen(method.getModifiers()) || isInInterface())) {
                require(method.getName());
            }
            return null;
        }

        @Override
        public Void visitVariable(VariableTree field, Void unused) {
            if (isOpen(field.getModifiers()) || isInInterface()) {
                require(field.getName());
            }
            return null;
        }

        private static boolean isOpen(ModifiersTree modifiers) {
            return modifiers.getFlags().contains(Modifier.PUBLIC)
                    || modifiers.getFlags().contains(Modifier.PROTECTED);
        }

        private boolean isInInterface() {
            return getCurrentPath().getParentPath().getLeaf().getKind() == Tree.Kind.INTERFACE;
        }

        private boolean isInRecord() {
            return getCurrentPath().getParentPath().getLeaf().getKind() == Tree.Kind.RECORD;
        }

        private void require(Name name) {
            if (trees.getDocComment(getCurrentPath()) == null) {
                long line = unit.getLineMap()
                        .getLineNumber(trees.getSourcePositions()
                                .getStartPosition(unit, getCurrentPath().getLeaf()));
                problems.add(unit.getSourceFile().getName() + ":" + line + ": " + name + " has no doc comment");
            }
        }
    }
}
