package dev.zmalloc.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.properties.HasModifiers;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.module.ModuleDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Holds the main code to its layers and to what only one place may do.
 *
 * <pre>
 *     cli -> { trace, jcache, metrics } -> store -> { table, evict } -> zmalloc -> allocator -> { ffi, event }
 * </pre>
 *
 * Each may use only those to its right; those in braces do not know each other. {@code testing}, which users' tests
 * call, may use the store and what is under it, and is used by none of them. A package that does not exist yet breaks
 * no rule.
 */
@Tag("arch")
class LayersTest {
    private static final String MEMORY = "dev.zmalloc.ffi.Memory";

    /** What jextract wrote: its habits are not ours, and only ffi calls more than its descriptors and layouts. */
    private static final DescribedPredicate<JavaClass> GENERATED = resideInAPackage("dev.zmalloc.ffi.abi");

    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes = MainClasses.read();
    }

    @Test
    void eachLayerUsesOnlyThoseUnderIt() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("cli")
                .definedBy("dev.zmalloc.cli..")
                .layer("trace")
                .definedBy("dev.zmalloc.trace..")
                .layer("jcache")
                .definedBy("dev.zmalloc.jcache..")
                .layer("metrics")
                .definedBy("dev.zmalloc.metrics..")
                .layer("testing")
                .definedBy("dev.zmalloc.testing..")
                .layer("store")
                .definedBy("dev.zmalloc.store..")
                .layer("table")
                .definedBy("dev.zmalloc.table..")
                .layer("evict")
                .definedBy("dev.zmalloc.evict..")
                .layer("zmalloc")
                .definedBy("dev.zmalloc")
                .layer("allocator")
                .definedBy("dev.zmalloc.allocator..")
                .layer("ffi")
                .definedBy("dev.zmalloc.ffi..")
                .layer("event")
                .definedBy("dev.zmalloc.event..")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("trace")
                .mayOnlyAccessLayers("store", "table", "evict", "zmalloc", "allocator", "ffi", "event")
                .whereLayer("jcache")
                .mayOnlyAccessLayers("store", "table", "evict", "zmalloc", "allocator", "ffi", "event")
                .whereLayer("metrics")
                .mayOnlyAccessLayers("store", "table", "evict", "zmalloc", "allocator", "ffi", "event")
                .whereLayer("testing")
                .mayOnlyAccessLayers("store", "table", "evict", "zmalloc", "allocator", "ffi", "event")
                .whereLayer("store")
                .mayOnlyAccessLayers("table", "evict", "zmalloc", "allocator", "ffi", "event")
                .whereLayer("table")
                .mayOnlyAccessLayers("zmalloc", "allocator", "ffi", "event")
                .whereLayer("evict")
                .mayOnlyAccessLayers("zmalloc", "allocator", "ffi", "event")
                .whereLayer("zmalloc")
                .mayOnlyAccessLayers("allocator", "ffi", "event")
                .whereLayer("allocator")
                .mayOnlyAccessLayers("ffi", "event")
                .whereLayer("ffi")
                .mayNotAccessAnyLayer()
                .whereLayer("event")
                .mayNotAccessAnyLayer()
                .check(classes);
    }

    /** A class in a package that no layer names would escape the rule above. */
    @Test
    void everyClassIsInALayer() {
        noClasses()
                .should()
                .resideOutsideOfPackages(
                        "dev.zmalloc",
                        "dev.zmalloc.cli..",
                        "dev.zmalloc.trace..",
                        "dev.zmalloc.jcache..",
                        "dev.zmalloc.metrics..",
                        "dev.zmalloc.testing..",
                        "dev.zmalloc.store..",
                        "dev.zmalloc.table..",
                        "dev.zmalloc.evict..",
                        "dev.zmalloc.allocator..",
                        "dev.zmalloc.ffi..",
                        "dev.zmalloc.event..")
                .because("only what is in a layer is held to the layers")
                .check(nonModule());
    }

    /** What the lint "exports" holds to, for the classes too that suppress it for the annotations of nullness. */
    @Test
    void whatIsExportedExposesOnlyWhatIsExported() {
        ModuleDescriptor module = MainClasses.module();
        Set<String> exported = module.exports().stream()
                .filter(exports -> !exports.isQualified())
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        DescribedPredicate<JavaClass> hidden = describe(
                "of a package that is not exported",
                type -> type.getBaseComponentType().getPackageName().startsWith("dev.zmalloc")
                        && !(exported.contains(type.getBaseComponentType().getPackageName())
                                && isPublic(type.getBaseComponentType())));
        List<String> exposed = new ArrayList<>();
        for (JavaClass type : classes) {
            if (exported.contains(type.getPackageName()) && isPublic(type)) {
                Stream.concat(
                                Stream.concat(type.getMethods().stream(), type.getConstructors().stream()),
                                type.getFields().stream())
                        .filter(LayersTest::isPublic)
                        .filter(member ->
                                member.getAllInvolvedRawTypes().stream().anyMatch(hidden))
                        .forEach(member -> exposed.add(member.getFullName()));
            }
        }
        assertThat(exported).contains("dev.zmalloc");
        assertThat(exposed).isEmpty();
    }

    @Test
    void onlyMemoryTurnsAddressesIntoSegments() {
        ourClassesBut(describe("Memory", type -> type.getFullName().equals(MEMORY)))
                .should()
                .callCodeUnitWhere(call("reinterpret or ofAddress", MemorySegment.class, "reinterpret", "ofAddress"))
                .because("one class reads and writes raw memory, and checks addresses where assertions are on")
                .check(classes);
    }

    @Test
    void onlyFfiLinks() {
        ourClassesBut(resideInAPackage("dev.zmalloc.ffi"))
                .should()
                .accessTargetWhere(targetOwnedBy(Linker.class, SymbolLookup.class))
                .because("how a native function is found and called is decided in one place")
                .check(classes);
    }

    @Test
    void nothingUsesWhatTheJdkIsRemoving() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("sun..", "jdk.internal.."))
                .check(classes);
    }

    @Test
    void onlyTheCommandLinePrints() {
        ourClassesBut(resideInAPackage("dev.zmalloc.cli.."))
                .should()
                .accessTargetWhere(field(System.class, "out"))
                .because("a library keeps off its program's output")
                .check(classes);
        // The handler that aborts says why, and the leak report comes when the JVM ends and loggers may be gone.
        ourClassesBut(resideInAPackage("dev.zmalloc.cli..")
                        .or(describe(
                                "OutOfMemoryHandler or NativeMemoryDebug",
                                type -> type.getFullName().startsWith("dev.zmalloc.OutOfMemoryHandler")
                                        || type.getName().endsWith(".NativeMemoryDebug"))))
                .should()
                .accessTargetWhere(field(System.class, "err"))
                .because("a library logs through System.Logger, which the program routes")
                .check(classes);
    }

    @Test
    void loggingGoesThroughSystemLogger() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.util.logging", "org.slf4j..", "org.apache.."))
                .check(classes);
    }

    /** A lock that callers can take too is part of the contract, wanted or not. */
    @Test
    void noMethodIsSynchronized() {
        ArchRule rule = noMethods()
                .that()
                .areDeclaredInClassesThat(not(GENERATED))
                .should()
                .haveModifier(JavaModifier.SYNCHRONIZED)
                .because("locks are private, and explicit");
        rule.allowEmptyShould(true).check(classes);
    }

    private static GivenClassesConjunction ourClassesBut(DescribedPredicate<JavaClass> exception) {
        return noClasses().that(not(GENERATED).and(not(exception)));
    }

    private static boolean isPublic(HasModifiers element) {
        return element.getModifiers().contains(JavaModifier.PUBLIC)
                || element.getModifiers().contains(JavaModifier.PROTECTED);
    }

    private static JavaClasses nonModule() {
        return classes.that(describe("classes", type -> !type.getSimpleName().equals("module-info")));
    }

    private static DescribedPredicate<JavaCall<?>> call(String words, Class<?> owner, String... names) {
        Set<String> wanted = Set.of(names);
        return describe(
                words, access -> access.getTargetOwner().isEquivalentTo(owner) && wanted.contains(access.getName()));
    }

    private static DescribedPredicate<JavaAccess<?>> targetOwnedBy(Class<?>... owners) {
        Set<Class<?>> wanted = Set.of(owners);
        return describe(
                "a target in " + wanted,
                access -> wanted.stream()
                        .anyMatch(owner -> access.getTargetOwner().isAssignableTo(owner)));
    }

    private static DescribedPredicate<JavaAccess<?>> field(Class<?> owner, String name) {
        return describe(
                owner.getSimpleName() + "." + name,
                access -> access.getTarget() instanceof AccessTarget.FieldAccessTarget
                        && access.getTargetOwner().isEquivalentTo(owner)
                        && access.getName().equals(name));
    }
}
