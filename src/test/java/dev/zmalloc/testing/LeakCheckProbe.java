package dev.zmalloc.testing;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the classes of {@link LeakSamples} that the arguments name, with the settings of JUnit that they also name, and
 * prints each outcome in a line, {@code Class.method=STATUS message}. For a JVM of its own, with a debug level.
 */
public final class LeakCheckProbe {
    private LeakCheckProbe() {}

    /** Arguments are names of nested classes, and {@code name=value} for settings. */
    public static void main(String[] arguments) throws ClassNotFoundException {
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request()
                .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "false");
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 0) {
                request.selectors(selectClass(Class.forName(LeakSamples.class.getName() + "$" + argument)));
            } else {
                request.configurationParameter(argument.substring(0, equals), argument.substring(equals + 1));
            }
        }
        run(request.build());
    }

    private static void run(LauncherDiscoveryRequest request) {
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                String message =
                        result.getThrowable().map(LeakCheckProbe::message).orElse("");
                System.out.println(name(test) + "=" + result.getStatus() + " " + message.replace("\n", " // "));
            }
        });
    }

    private static String name(TestIdentifier test) {
        String name = test.getSource()
                .map(source -> switch (source) {
                    case MethodSource method -> simple(method.getClassName()) + "." + method.getMethodName();
                    case ClassSource type -> simple(type.getClassName());
                    default -> source.toString();
                })
                .orElse(test.getDisplayName());
        return test.getDisplayName().startsWith("[") ? name + test.getDisplayName() : name;
    }

    private static String simple(String className) {
        return className.replaceFirst("^.*LeakSamples\\$", "").replace('$', '.');
    }

    private static String message(Throwable thrown) {
        StringBuilder text = new StringBuilder(thrown.toString());
        for (Throwable suppressed : thrown.getSuppressed()) {
            text.append(" + suppressed ").append(suppressed);
        }
        return text.toString();
    }
}
