package dev.zmalloc.allocator;

import dev.zmalloc.event.Telemetry;
import java.util.function.BooleanSupplier;

/** Gives unused pages back, and tells who records how long it took. */
final class Purges {
    private Purges() {}

    /** Answers what {@code purge} does. */
    static boolean run(BooleanSupplier purge) {
        Telemetry.Span span = Telemetry.present().beginPurge();
        try {
            return purge.getAsBoolean();
        } finally {
            if (span != null) {
                span.end(0, 0);
            }
        }
    }
}
