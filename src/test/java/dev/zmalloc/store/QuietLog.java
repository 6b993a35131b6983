package dev.zmalloc.store;

import java.util.logging.Level;
import java.util.logging.Logger;

/** Keeps warnings that a test provokes out of what is shown of the tests. */
final class QuietLog {
    private QuietLog() {}

    static void during(Runnable step) {
        Logger logger = Logger.getLogger("dev.zmalloc");
        Level before = logger.getLevel();
        logger.setLevel(Level.OFF);
        try {
            step.run();
        } finally {
            logger.setLevel(before);
        }
    }
}
