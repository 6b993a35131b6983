package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class KeyLocksTest {
    private static final int THREADS = 4;

    private final KeyLocks locks = new KeyLocks();

    private void hold(int number, Runnable step) {
        byte[] key = {(byte) number};
        ByteBuffer locked = locks.lock(key);
        try {
            step.run();
        } finally {
            locks.unlock(locked);
        }
    }

    /** Threads that nest in one order only, so that none waits for itself. Some end one and begin the next at once. */
    @Test
    void whoMakesNoCircleIsNotRefused() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            for (int thread = 0; thread < THREADS; thread++) {
                boolean isNesting = thread % 2 == 0;
                running.add(threads.submit(() -> {
                    while (System.nanoTime() < end) {
                        if (isNesting) {
                            hold(1, () -> hold(0, () -> {}));
                        } else {
                            hold(0, () -> {});
                            hold(1, () -> {});
                        }
                    }
                }));
            }
            for (Future<?> each : running) {
                assertThatCode(each::get).doesNotThrowAnyException();
            }
        }
    }
}
