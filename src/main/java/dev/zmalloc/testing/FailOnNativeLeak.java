package dev.zmalloc.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

/**
 * Fails the tests of a class, or one test, that leave more or less native memory in use than there was before them; see
 * {@link NativeMemoryLeakExtension}. No other test of JUnit Jupiter runs meanwhile, also where tests run in parallel.
 *
 * <p>Holds for nested classes and subclasses too.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(NativeMemoryLeakExtension.class)
@ResourceLock(Resources.GLOBAL)
@SuppressWarnings("exports") // JUnit need not be there for who does not use this
public @interface FailOnNativeLeak {
    /** What has to give back all that it took. */
    Scope value() default Scope.LIFECYCLE;

    /** For how long memory that other threads still have to free is waited for, in milliseconds. */
    long waitMillis() default 500;

    /** What has to give back all that it took. */
    enum Scope {
        /** Each test, but where one instance serves all tests of a class ({@code PER_CLASS}): there the class. */
        LIFECYCLE,

        /** Each test, with its {@code @BeforeEach} and {@code @AfterEach}; and the class for what is around them. */
        TEST,

        /** The class as a whole, with its nested ones: its tests share native memory. */
        CLASS
    }
}
