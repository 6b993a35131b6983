package dev.zmalloc.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Turns Ctrl-C into an orderly end. While {@linkplain #install installed}, a shutdown of the JVM raises the signal and
 * then waits, for a bounded time, until the command says that its report is out.
 */
final class StopSignal {
    private static final long REPORT_WAIT_SECONDS = 10;

    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile boolean raised;
    private volatile int exitCode = ExitCode.INTERRUPTED;
    private @Nullable Thread hook;

    /** Asks the command to stop soon. */
    void raise() {
        raised = true;
    }

    /** Tells whether the command was asked to stop. */
    boolean isRaised() {
        return raised;
    }

    /** Starts to listen for the JVM's shutdown. */
    void install() {
        Thread thread = new Thread(this::onShutdown, "zmalloc-stop");
        Runtime.getRuntime().addShutdownHook(thread);
        hook = thread;
    }

    /** Says that the report is out; the JVM may go. Stops listening. */
    void finished(int code) {
        exitCode = code;
        finished.countDown();
        Thread installed = hook;
        if (installed == null) {
            return;
        }
        hook = null;
        try {
            Runtime.getRuntime().removeShutdownHook(installed);
        } catch (IllegalStateException e) {
            // The JVM is shutting down: the hook runs, and has what it needs.
        }
    }

    private void onShutdown() {
        raise();
        try {
            boolean reported = finished.await(REPORT_WAIT_SECONDS, TimeUnit.SECONDS);
            // By itself the JVM exits with 128 + the signal's number. A failed verification must not hide behind that.
            if (reported && exitCode != ExitCode.INTERRUPTED && exitCode != ExitCode.OK) {
                Runtime.getRuntime().halt(exitCode);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
