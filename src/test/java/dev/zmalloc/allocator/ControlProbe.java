package dev.zmalloc.allocator;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks for reports from several threads while blocks come and go and pages are purged. */
public final class ControlProbe {
    private static final int THREADS = 4;
    private static final int REPORTS = 50;

    private ControlProbe() {}

    /** Prints what came of it. */
    public static void main(String[] arguments) throws InterruptedException {
        Allocator allocator = Allocators.open(JemallocAllocator.NAME);
        System.out.println("origin=" + allocator.description().origin());
        System.out.println("background=" + allocator.setBackgroundThreads(true));
        AtomicInteger reports = new AtomicInteger();
        AtomicInteger complete = new AtomicInteger();
        Thread[] threads = new Thread[THREADS];
        for (int index = 0; index < THREADS; index++) {
            threads[index] = new Thread(() -> {
                for (int report = 0; report < REPORTS; report++) {
                    long block = allocator.allocate(1 << 20);
                    Optional<String> text = allocator.statisticsText(report % 2 == 0 ? "" : "J");
                    allocator.free(block);
                    allocator.purge();
                    reports.incrementAndGet();
                    if (text.isPresent()
                            && (text.get().strip().endsWith("---")
                                    || text.get().strip().endsWith("}"))) {
                        complete.incrementAndGet();
                    }
                }
            });
            threads[index].start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println("reports=" + reports);
        System.out.println("complete=" + complete);
    }
}
