package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Filter;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class RemovalNoticesTest {
    private static final byte OUTER = 1;
    private static final byte INNER = 2;
    private static final byte LATER = 3;

    private final List<Byte> told = new ArrayList<>();

    /** Set once there is a store for the listener to call. */
    private OffHeapStore store;

    private void removed(RemovalCause cause, MemorySegment key, MemorySegment value) {
        byte number = key.get(ValueLayout.JAVA_BYTE, 0);
        told.add(number);
        if (number == OUTER) {
            store.remove(new byte[] {INNER});
        } else if (number == INNER) {
            throw new IllegalStateException("a failure to log");
        }
    }

    @Test
    void aThreadIsToldAgainThoughALogHasThrownInItsListener() {
        try (OffHeapStore opened =
                OffHeapStore.builder().removalListener(this::removed).build()) {
            store = opened;
            for (byte number = OUTER; number <= LATER; number++) {
                store.put(new byte[] {number}, new byte[1]);
            }
            Logger logger = Logger.getLogger("dev.zmalloc");
            Filter before = logger.getFilter();
            StackOverflowError thrown = new StackOverflowError("of the log's");
            logger.setFilter(record -> {
                throw thrown;
            });
            try {
                assertThat(catchThrowable(() -> store.remove(new byte[] {OUTER}))).isSameAs(thrown);
            } finally {
                logger.setFilter(before);
            }
            store.remove(new byte[] {LATER});
            assertThat(told).containsExactly(OUTER, INNER, LATER);
            StoreValidator.validate(store);
        }
    }
}
