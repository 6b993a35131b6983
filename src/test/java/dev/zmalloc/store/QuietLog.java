package dev.zmalloc.store;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Filter;
import java.util.logging.Logger;

/** Keeps warnings that a test provokes out of what is shown of the tests. */
final class QuietLog {
    private QuietLog() {}

    /** Takes a step. Answers how many warnings it came to. */
    static int during(Runnable step) {
        Logger logger = Logger.getLogger("dev.zmalloc");
        Filter before = logger.getFilter();
        AtomicInteger warnings = new AtomicInteger();
        logger.setFilter(log -> {
            warnings.incrementAndGet();
            return false;
        });
        try {
            step.run();
            return warnings.get();
        } finally {
            logger.setFilter(before);
        }
    }
}
