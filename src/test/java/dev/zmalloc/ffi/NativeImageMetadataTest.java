package dev.zmalloc.ffi;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.zmalloc.ffi.abi.Abi;
import dev.zmalloc.ffi.abi.malloc_stats_write_fn;
import java.io.InputStream;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Holds what the jar tells GraalVM's native-image to what the code does: which function shapes are linked, and which
 * types and files are found by name. Where the two differ, the right text is written to the build's folder, to be
 * copied.
 *
 * <p>A shape is linked ordinarily or critically by the class that asks for it. Where a class does both, each of its
 * shapes counts as both, which costs an image some unused stubs.
 */
@Tag("arch")
class NativeImageMetadataTest {
    private static final String RESOURCE = "/META-INF/native-image/dev.zmalloc/zmalloc/reachability-metadata.json";

    private static final String CONSTRUCTOR = ", \"methods\": [{\"name\": \"<init>\", \"parameterTypes\": []}]";
    private static final String METHODS = ", \"allPublicMethods\": true";

    private final Set<String> downcalls = new TreeSet<>();
    private final Set<String> functionTypes = new TreeSet<>();

    @Test
    void theMetadataIsWhatTheCodeLinks() throws Exception {
        // Whether native access is allowed is asked with this one.
        downcalls.add(downcall(FunctionDescriptor.ofVoid(), false));
        for (JavaClass type : new ClassFileImporter().importPath(main())) {
            if (!type.getPackageName().equals(Abi.class.getPackageName())) {
                addLinked(type);
            }
        }
        assertThat(functionTypes).hasSizeGreaterThan(20);

        String expected = metadata();
        String found;
        try (InputStream file = NativeImageMetadataTest.class.getResourceAsStream(RESOURCE)) {
            found = file == null ? "" : new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
        if (!found.equals(expected)) {
            Path right = Path.of(System.getProperty("basedir", ""), "target", "reachability-metadata.json");
            Files.writeString(right, expected);
            assertThat(found)
                    .as("%s has what src/main/resources%s should be", right, RESOURCE)
                    .isEqualTo(expected);
        }
    }

    private void addLinked(JavaClass type) throws ReflectiveOperationException {
        Collection<? extends JavaCodeUnitAccess<?>> calls = type.getCodeUnitAccessesFromSelf();
        boolean critical = calls.stream().anyMatch(call -> call.getName().equals("critical") || isBind(call));
        boolean ordinary = calls.stream().anyMatch(call -> call.getName().equals("ordinary") || isBind(call));
        for (JavaCodeUnitAccess<?> call : calls) {
            String function = call.getTargetOwner().getFullName();
            if (function.startsWith(Abi.class.getPackageName())
                    && call.getName().equals("descriptor")) {
                assertThat(critical || ordinary)
                        .as("%s links %s", type, function)
                        .isTrue();
                functionTypes.add(function + "$Function");
                FunctionDescriptor descriptor = (FunctionDescriptor)
                        Class.forName(function).getMethod("descriptor").invoke(null);
                // The generated class links it too, as it is, when it is initialized.
                downcalls.add(downcall(descriptor, false));
                if (ordinary) {
                    downcalls.add(downcall(Downcalls.withLongPointers(descriptor), false));
                }
                if (critical) {
                    downcalls.add(downcall(Downcalls.withLongPointers(descriptor), true));
                }
            }
        }
    }

    private static Path main() throws URISyntaxException {
        return Path.of(
                Abi.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    }

    private static boolean isBind(JavaCodeUnitAccess<?> call) {
        return call.getName().equals("bind")
                && call.getTargetOwner().getSimpleName().equals("CriticalCalls");
    }

    private String metadata() {
        functionTypes.add(malloc_stats_write_fn.class.getName() + "$Function");
        downcalls.add(downcall(malloc_stats_write_fn.descriptor(), false));
        Stream<String> named = Stream.of(
                type("dev.zmalloc.metrics.FlightRecorderTelemetry", CONSTRUCTOR),
                type("dev.zmalloc.metrics.StoreMXBean", METHODS),
                type("dev.zmalloc.metrics.ZMallocMXBean", METHODS),
                type("dev.zmalloc.testing.FaultInjectingAllocator", CONSTRUCTOR),
                type("javax.management.MBeanServer", ""),
                type("jdk.jfr.FlightRecorder", ""));
        Stream<String> functions = functionTypes.stream().map(name -> type(name, METHODS));
        return """
                {
                  "reflection": [
                %s
                  ],
                  "resources": [
                    {"glob": "linux/*/org/lwjgl/jemalloc/libjemalloc.so"},
                    {"glob": "META-INF/linux/*/org/lwjgl/jemalloc/libjemalloc.so.git"}
                  ],
                  "foreign": {
                    "downcalls": [
                %s
                    ],
                    "upcalls": [
                      {%s}
                    ]
                  }
                }
                """.formatted(
                        lines("    ", Stream.concat(named, functions)),
                        lines("      ", downcalls.stream().map(shape -> "{" + shape + "}")),
                        shape(malloc_stats_write_fn.descriptor()));
    }

    private static String type(String name, String more) {
        return "{\"type\": \"" + name + "\"" + more + "}";
    }

    private static String lines(String indent, Stream<String> entries) {
        return entries.map(entry -> indent + entry).collect(Collectors.joining(",\n"));
    }

    private static String downcall(FunctionDescriptor descriptor, boolean critical) {
        return shape(descriptor) + (critical ? ", \"options\": {\"critical\": {\"allowHeapAccess\": false}}" : "");
    }

    private static String shape(FunctionDescriptor descriptor) {
        String result = descriptor.returnLayout().isPresent()
                ? word(descriptor.returnLayout().get())
                : "void";
        List<String> parameters = descriptor.argumentLayouts().stream()
                .map(layout -> "\"" + word(layout) + "\"")
                .toList();
        return "\"returnType\": \"" + result + "\", \"parameterTypes\": [" + String.join(", ", parameters) + "]";
    }

    /** A layout as the metadata writes it. */
    private static String word(MemoryLayout layout) {
        return switch (layout) {
            case AddressLayout address -> "void*";
            case ValueLayout value -> "j" + value.carrier().getName();
            case StructLayout struct ->
                struct.memberLayouts().stream()
                        .map(NativeImageMetadataTest::word)
                        .collect(Collectors.joining(",", "struct(", ")"));
            default -> throw new AssertionError("not written yet: " + layout);
        };
    }
}
