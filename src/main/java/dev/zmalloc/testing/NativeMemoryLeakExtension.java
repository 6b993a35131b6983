package dev.zmalloc.testing;

import java.lang.annotation.Annotation;
import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * A JUnit extension that compares {@link dev.zmalloc.ZMalloc#zmallocUsedMemory()} before and after each test, and after
 * each class, and fails it if they differ. With the setting {@code zmalloc.debug=track} or {@code guard} the failure
 * has the stacks of where the memory was taken that is still held; with {@code sample} a sample of them.
 *
 * <p>It is registered by {@link FailOnNativeLeak}; or by {@code @ExtendWith}; or for all tests, by its name in a file
 * {@code META-INF/services/org.junit.jupiter.api.extension.Extension} of the tests and
 * {@code junit.jupiter.extensions.autodetection.enabled=true}.
 *
 * <p>Before a test is before its instance is created, and after it is after everything of it was closed: what is freed
 * in {@code @AfterEach}, in an {@code @AutoClose} field or by another extension is no leak. Memory that another thread
 * frees, or the garbage collector through an automatic arena, is waited for until
 * {@link FailOnNativeLeak#waitMillis()}. A test that shares native memory with others of its class has to say so, by
 * {@link FailOnNativeLeak.Scope#CLASS} or JUnit's {@code PER_CLASS} lifecycle; then the class is judged as a whole. A
 * test that fails anyway keeps its failure, to which this one is added as suppressed.
 *
 * <p>The count is one for the process, so threads that outlive their test can make another one fail. Tests that run at
 * the same time cannot be told apart: where parallel execution is enabled, a class that does not have
 * {@link FailOnNativeLeak} or {@code @Isolated} is refused.
 */
@SuppressWarnings("exports") // JUnit need not be there for who does not use this
public final class NativeMemoryLeakExtension
        implements TestInstancePreConstructCallback, BeforeAllCallback, BeforeEachCallback {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(NativeMemoryLeakExtension.class);

    /** Made by JUnit. */
    public NativeMemoryLeakExtension() {}

    /** The instance of one test is a part of that test. */
    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext rootContext) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public void preConstructTestInstance(TestInstanceFactoryContext factory, ExtensionContext context) {
        watch(context);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        watch(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        watch(context);
    }

    /** The first callback of a context remembers what is in use; JUnit closes that when all else of it is over. */
    private static void watch(ExtensionContext context) {
        ExtensionContext.Store store = context.getStore(NAMESPACE);
        if (store.get(context.getUniqueId()) == null) {
            requireAlone(context);
            store.put(context.getUniqueId(), NativeMemoryWatch.of(context, store));
        }
    }

    private static void requireAlone(ExtensionContext context) {
        boolean parallel = context.getConfigurationParameter("junit.jupiter.execution.parallel.enabled")
                .map(Boolean::parseBoolean)
                .orElse(false);
        if (parallel
                && nearest(context, FailOnNativeLeak.class).isEmpty()
                && nearest(context, Isolated.class).isEmpty()) {
            throw new ExtensionConfigurationException("Tests run in parallel, and native memory is counted for the"
                    + " whole process: nobody could tell who left some behind. Annotate "
                    + context.getRequiredTestClass().getName()
                    + " with @FailOnNativeLeak or @Isolated, which let it run alone, or set"
                    + " junit.jupiter.execution.parallel.enabled=false");
        }
    }

    /** The annotation of a test, or else of its class, or of the nearest class around that. */
    static <A extends Annotation> Optional<A> nearest(ExtensionContext context, Class<A> annotation) {
        Optional<A> found = AnnotationSupport.findAnnotation(context.getElement(), annotation);
        Class<?> type = context.getRequiredTestClass();
        for (; found.isEmpty() && type != null; type = type.getEnclosingClass()) {
            found = AnnotationSupport.findAnnotation(type, annotation);
        }
        return found;
    }
}
