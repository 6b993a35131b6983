package dev.zmalloc.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.zmalloc.ffi.abi.Abi;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Holds the native header, the list of what is included and the generated classes together.
 *
 * <p>The header is read here by rules of its own, not by jextract's: a line that was changed without generating anew,
 * or a class that was edited by hand, shows as a descriptor that is not what the line implies.
 */
@Tag("arch")
class BindingsTest {
    private static final Pattern FUNCTION_TYPE =
            Pattern.compile("^typedef (.+?)\\(\\*(\\w+)\\)\\((.*)\\);$", Pattern.MULTILINE);
    private static final Pattern STRUCT = Pattern.compile(
            "^(?:typedef )?struct (\\w+) \\{\\n(.*?)\\n\\}(?: (\\w+))?;$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern DECLARED = Pattern.compile("(.*?)\\b(\\w+)");

    /** A function type's shape as the header has it: the result's C type, and the parameters'. */
    private record Signature(String result, List<String> parameters) {}

    private final String header;
    private final Map<String, Signature> functions = new LinkedHashMap<>();
    private final Map<String, StructLayout> structs = new LinkedHashMap<>();

    BindingsTest() throws IOException {
        header = Files.readString(Sources.root().resolve("native/zmalloc_abi.h"))
                .replaceAll("(?s)/\\*.*?\\*/", "")
                .replaceAll("(?m)^#.*$", "");
        Matcher struct = STRUCT.matcher(header);
        while (struct.find()) {
            structs.put(struct.group(1), structLayout(struct.group(1), struct.group(2)));
        }
        Matcher function = FUNCTION_TYPE.matcher(header);
        while (function.find()) {
            functions.put(function.group(2), signature(function.group(1), function.group(3)));
        }
    }

    /** The test's own rules must account for all of the header, or it would pass over what it can't read. */
    @Test
    void theHeaderHoldsOneDeclarationALineAndStructsOnly() {
        String rest =
                STRUCT.matcher(FUNCTION_TYPE.matcher(header).replaceAll("")).replaceAll("");
        assertThat(rest).isBlank();
        assertThat(functions).hasSizeGreaterThan(20);
        assertThat(structs).containsKeys("mallinfo2", "Dl_info");
    }

    @Test
    void everythingDeclaredIsIncludedAndNothingElse() throws IOException {
        List<String> included = Files.readAllLines(Sources.root().resolve("native/includes.txt")).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .toList();
        List<String> declared = new ArrayList<>();
        functions.keySet().forEach(name -> declared.add("--include-typedef " + name));
        structs.keySet().forEach(name -> declared.add("--include-struct " + name));
        assertThat(included).containsExactlyInAnyOrderElementsOf(declared);
    }

    @Test
    void everythingDeclaredIsGeneratedAndNothingElse() throws IOException {
        TreeSet<String> declared = new TreeSet<>(functions.keySet());
        declared.addAll(structs.keySet());
        declared.add(Abi.class.getSimpleName());
        Path folder = Sources.root().resolve("src/main/generated/dev/zmalloc/ffi/abi");
        try (Stream<Path> files = Files.walk(Sources.root().resolve("src/main/generated"))) {
            assertThat(files.filter(Files::isRegularFile))
                    .containsExactlyInAnyOrderElementsOf(declared.stream()
                            .map(name -> folder.resolve(name + ".java"))
                            .toList());
        }
    }

    @TestFactory
    Stream<DynamicTest> functionTypesHaveTheDescriptorThatTheirLineImplies() {
        return functions.entrySet().stream()
                .map(entry -> dynamicTest(
                        entry.getKey(),
                        () -> assertThat(generated(entry.getKey(), "descriptor"))
                                .isEqualTo(descriptor(entry.getValue()))));
    }

    @TestFactory
    Stream<DynamicTest> structsHaveTheLayoutThatTheirMembersImply() {
        return structs.entrySet().stream()
                .map(entry -> dynamicTest(
                        entry.getKey(),
                        () -> assertThat(generated(entry.getKey(), "layout")).isEqualTo(entry.getValue())));
    }

    private static Object generated(String name, String method) throws ReflectiveOperationException {
        return Class.forName(Abi.class.getPackageName() + "." + name)
                .getMethod(method)
                .invoke(null);
    }

    private static Signature signature(String result, String parameters) {
        if (parameters.equals("void")) {
            return new Signature(result.strip(), List.of());
        }
        return new Signature(
                result.strip(),
                Stream.of(parameters.split(", "))
                        .map(parameter -> typeAndName(parameter)[0])
                        .toList());
    }

    private StructLayout structLayout(String name, String body) {
        MemoryLayout[] members = body.lines()
                .map(line -> typeAndName(line.strip().replaceAll(";$", "")))
                .map(member -> layout(member[0]).withName(member[1]))
                .toArray(MemoryLayout[]::new);
        return MemoryLayout.structLayout(members).withName(name);
    }

    private FunctionDescriptor descriptor(Signature signature) {
        MemoryLayout[] parameters =
                signature.parameters().stream().map(this::layout).toArray(MemoryLayout[]::new);
        return signature.result().equals("void")
                ? FunctionDescriptor.ofVoid(parameters)
                : FunctionDescriptor.of(layout(signature.result()), parameters);
    }

    /** The layout of a C type in the LP64 data model, which is the only one that the library serves. */
    @SuppressWarnings(
            "restricted") // an address with a target: compared with what was generated, and nothing is read through it
    private MemoryLayout layout(String type) {
        if (type.endsWith("*") || functions.containsKey(type)) {
            return ValueLayout.ADDRESS.withTargetLayout(
                    MemoryLayout.sequenceLayout(Long.MAX_VALUE, ValueLayout.JAVA_BYTE));
        }
        return switch (type) {
            case "int" -> ValueLayout.JAVA_INT;
            case "size_t" -> ValueLayout.JAVA_LONG;
            case "bool" -> ValueLayout.JAVA_BOOLEAN;
            default -> {
                StructLayout struct = structs.get(type.replaceFirst("^struct ", ""));
                if (struct == null) {
                    throw new AssertionError("no layout known for the C type " + type + ", of "
                            + structs.keySet().stream().collect(Collectors.joining(", ")));
                }
                yield struct;
            }
        };
    }

    /** Parts {@code const char *name} into its type and its name. */
    private static String[] typeAndName(String declaration) {
        Matcher matcher = DECLARED.matcher(declaration);
        assertThat(matcher.matches()).as(declaration).isTrue();
        return new String[] {matcher.group(1).strip(), matcher.group(2)};
    }
}
