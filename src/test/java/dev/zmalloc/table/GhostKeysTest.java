package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.fixtures.Seeds;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GhostKeysTest {
    private static final int STEPS = 40_000;
    private static final int KEYS = 4_000;
    private static final long SPAN = 250L * KEYS;

    private final MemoryAccount account = new MemoryAccount("ghosts", Long.MAX_VALUE);
    private final SegmentPool pool = new SegmentPool(account, 1);
    private final GhostKeys ghosts = new GhostKeys(account, pool);

    /** The oldest first. */
    private final Map<Long, Integer> model = new LinkedHashMap<>();

    private long modelBytes;

    /** One to one in the bits that count. */
    private static long hash(int key) {
        return (key + 1L) * 0x9E3779B97F4A7C15L;
    }

    private void expect(long keys) {
        assertThat(pool.tryExpect(ghosts.words() + 1)).isZero();
        ghosts.tryExpect(keys);
    }

    private void add(long hash, int size, long span) {
        remove(hash);
        expect(1);
        ghosts.add(hash, size, span);
        pool.trim(ghosts.words());
        model.put(hash, size);
        modelBytes += size;
        while (modelBytes > span) {
            remove(model.keySet().iterator().next(), false);
        }
    }

    private boolean remove(long hash) {
        return remove(hash, true);
    }

    private boolean remove(long hash, boolean fromBoth) {
        Integer size = model.remove(hash);
        modelBytes -= size == null ? 0 : size;
        if (fromBoth) {
            assertThat(ghosts.remove(hash)).isEqualTo(size != null);
        }
        return size != null;
    }

    private void close() {
        while (!ghosts.drain(4)) {
            pool.freeStock();
        }
        pool.freeStock();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void remembersAndForgetsAsAPlainQueueDoes() {
        long seed = Seeds.next("GhostKeysTest");
        SplittableRandom random = new SplittableRandom(seed);
        int added = 0;
        for (int step = 0; step < STEPS; step++) {
            int kind = random.nextInt(16);
            if (kind > 2) {
                add(hash(added++), 1 + random.nextInt(500), SPAN);
            } else {
                long hash = hash(Math.max(0, added - 1 - random.nextInt(2 * KEYS)));
                if (kind > 0) {
                    remove(hash);
                } else {
                    add(hash, 1 + random.nextInt(500), SPAN);
                }
            }
            assertThat(ghosts.keys()).as("seed %d, step %d", seed, step).isEqualTo(model.size());
        }
        assertThat(model).hasSizeGreaterThan(KEYS / 2);
        for (long hash : model.keySet().toArray(Long[]::new)) {
            assertThat(remove(hash)).as("seed %d", seed).isTrue();
        }
        close();
    }

    @Test
    void remembersNothingWithoutAnIndexAndFewerKeysWithASmallOne() {
        MemoryAccount tight = new MemoryAccount("tight", 600);
        GhostKeys few = new GhostKeys(tight, pool);
        few.add(hash(1), 1, SPAN);
        assertThat(few.keys()).isZero();
        for (int key = 0; key < KEYS; key++) {
            assertThat(pool.tryExpect(few.words() + 1)).isZero();
            few.tryExpect(key);
            few.add(hash(key), 1, SPAN);
        }
        assertThat(few.keys()).isBetween(50, 64);
        assertThat(few.remove(hash(KEYS - 1))).isTrue();
        assertThat(few.remove(hash(0))).isFalse();
        assertThat(tight.usedMemory()).isEqualTo(few.usableBytes());
        while (!few.drain(1)) {
            pool.freeStock();
        }
        assertThat(tight.usedMemory()).isZero();
        close();
    }

    @Test
    void whatIsLargerThanTheSpanIsNotRemembered() {
        expect(1);
        ghosts.add(hash(1), 10, 10);
        ghosts.add(hash(2), 11, 10);
        assertThat(ghosts.remove(hash(2))).isFalse();
        assertThat(ghosts.remove(hash(1))).isTrue();
        close();
    }

    @Test
    void removedKeysDoNotMakeItGrow() {
        expect(1);
        for (int key = 0; key < 10 * KEYS; key++) {
            expect(1);
            ghosts.add(hash(key), 1, SPAN);
            ghosts.remove(hash(key));
            pool.trim(ghosts.words());
        }
        assertThat(account.usedMemory()).isLessThan(8192);
        close();
    }

    /** Few keys are moved to a larger index; many are forgotten, so that nobody waits for them. */
    @Test
    void aLargerIndexKeepsFewKeysAndForgetsMany() {
        for (int keys : new int[] {1_000, 100_000}) {
            expect(keys);
            for (int key = 0; key < keys; key++) {
                expect(1);
                ghosts.add(hash(key), 1, SPAN);
            }
            assertThat(ghosts.keys()).isEqualTo(keys);
            expect(4L * keys);
            assertThat(ghosts.keys()).isEqualTo(keys == 1_000 ? keys : 0);
            assertThat(ghosts.remove(hash(7))).isEqualTo(keys == 1_000);
            expect(1);
            ghosts.add(hash(-1), 1, SPAN);
            assertThat(ghosts.remove(hash(-1))).isTrue();
            close();
        }
    }
}
