package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.table.EntryPins;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.logging.Filter;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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

    /** A listener that wants to know of some causes. */
    private static final class Picky implements RemovalListener, CacheRemovalListener<Integer, Long> {
        private final Set<RemovalCause> wanted;
        private final List<RemovalCause> asked = new ArrayList<>();
        private final List<RemovalCause> told = new ArrayList<>();
        private boolean isListening = true;

        Picky(RemovalCause... wanted) {
            this.wanted = Set.of(wanted);
        }

        @Override
        public boolean wants(RemovalCause cause) {
            asked.add(cause);
            return wanted.contains(cause);
        }

        @Override
        public boolean isListening() {
            return isListening;
        }

        @Override
        public void removed(RemovalCause cause, MemorySegment key, MemorySegment value) {
            told.add(cause);
        }

        @Override
        public void onRemoval(Integer key, Long value, RemovalCause cause) {
            told.add(cause);
        }
    }

    @ParameterizedTest
    @EnumSource(RemovalCause.class)
    void aListenerIsToldOfNothingThatItDoesNotWant(RemovalCause wanted) {
        Picky picky = new Picky(wanted);
        AtomicLong now = new AtomicLong();
        byte[] key = {1};
        byte[] value = new byte[8];
        try (OffHeapStore opened = OffHeapStore.builder()
                .maxEntries(1)
                .evictionPolicy(EvictionPolicy.ALLKEYS_RANDOM)
                .clock(now::get)
                .removalListener(picky)
                .build()) {
            opened.keeper().close();
            opened.put(key, value);
            opened.put(key, value);
            assertThat(opened.getAndPut(key, value)).isEqualTo(value);
            assertThat(opened.getAndRemove(key)).isEqualTo(value);
            opened.put(key, value);
            opened.put(new byte[] {2}, value);
            opened.remove(new byte[] {2});
            for (Predicate<byte[]> change : List.<Predicate<byte[]>>of(
                    dead -> opened.getAndPut(dead, value) == null && opened.remove(dead),
                    dead -> !opened.remove(dead),
                    dead -> opened.getAndRemove(dead) == null)) {
                opened.put(key, value, Duration.ofMillis(1));
                now.addAndGet(1);
                assertThat(change.test(key)).isTrue();
            }
            assertThat(picky.asked).containsExactly(RemovalCause.values());
            int times = switch (wanted) {
                case REPLACED -> 2;
                case REMOVED -> 3;
                case EVICTED -> 1;
                case EXPIRED -> 3;
            };
            assertThat(picky.told).hasSize(times).containsOnly(wanted);
            StoreValidator.validate(opened);
        }
    }

    @ParameterizedTest
    @EnumSource(LeftEntry.Interest.class)
    void whatNobodyWantsIsNotPinned(LeftEntry.Interest inLive) {
        long entry = 1 << 12;
        for (boolean isDead : new boolean[] {false, true}) {
            EntryPins pins = new EntryPins();
            LeftEntry left = new LeftEntry(inLive, false);
            left.take(null, pins, entry, isDead);
            left.left();
            assertThat(pins.isHeld(entry)).isEqualTo(!isDead && inLive == LeftEntry.Interest.WHOLE);
            assertThat(left.stripe()).isNull();
        }
    }

    @Test
    void aCacheTellsWhatIsWantedWhileItIs() {
        Picky removal = new Picky(RemovalCause.REPLACED);
        Picky eviction = new Picky(RemovalCause.EVICTED, RemovalCause.REMOVED);
        try (OffHeapCache<Integer, Long> cache = OffHeapCache.builder(Codecs.INTEGER, Codecs.LONG)
                .maxEntries(1)
                .removalListener(removal)
                .evictionListener(eviction)
                .executor(Runnable::run)
                .build()) {
            for (boolean isListening : new boolean[] {false, true}) {
                removal.isListening = isListening;
                eviction.isListening = isListening;
                cache.put(1, 1L);
                cache.put(1, 2L);
                cache.put(2, 1L);
                cache.invalidate(2);
            }
            assertThat(removal.told).containsExactly(RemovalCause.REPLACED);
            assertThat(eviction.told).containsExactly(RemovalCause.EVICTED);
            cache.put(1, 1L);
            long removals = cache.statistics().store().removals();
            cache.invalidateAll();
            assertThat(cache.statistics().store().removals())
                    .as("removed one by one, for nobody")
                    .isEqualTo(removals);
            assertThat(cache.estimatedSize()).isZero();
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
                assertThat(catchThrowable(() -> store.remove(new byte[] {OUTER})))
                        .isSameAs(thrown);
            } finally {
                logger.setFilter(before);
            }
            store.remove(new byte[] {LATER});
            assertThat(told).containsExactly(OUTER, INNER, LATER);
            StoreValidator.validate(store);
        }
    }
}
