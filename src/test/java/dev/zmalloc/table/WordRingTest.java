package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.fixtures.Seeds;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Rings and the pool that they share. */
class WordRingTest {
    private static final int RINGS = 2;

    private final MemoryAccount account = new MemoryAccount("test", 1 << 20);
    private final SegmentPool pool = new SegmentPool(account, RINGS);
    private final List<WordRing> rings = List.of(new WordRing(pool), new WordRing(pool));
    private final List<ArrayDeque<Long>> models = List.of(new ArrayDeque<>(), new ArrayDeque<>());

    @Test
    void behaveLikeDequesWhateverIsMovedBetweenThem() {
        long seed = Seeds.next("WordRingTest");
        SplittableRandom random = new SplittableRandom(seed);
        for (int step = 0; step < 200_000; step++) {
            // Mostly more comes than goes, or the reverse, so that rings become long and empty again.
            boolean isRising = step / 5_000 % 2 == 0;
            int from = random.nextInt(RINGS);
            int to = random.nextInt(RINGS);
            switch (random.nextInt(isRising ? 4 : 7)) {
                case 0, 1 -> push(to, random.nextLong());
                case 2 -> move(from, to);
                case 3 -> overwrite(from, random);
                case 4, 5 -> pop(from, true);
                default -> pop(from, false);
            }
            if (random.nextInt(50) == 0) {
                pool.trim(words());
                assertThat(pool.total()).isLessThanOrEqualTo((int) (words() / SegmentPool.WORDS) + 2 * RINGS + 1);
            }
            if (step % 10_000 == 0) {
                compare();
            }
        }
        drainAndClose();
    }

    private long words() {
        return rings.get(0).size() + rings.get(1).size();
    }

    private void push(int ring, long word) {
        assertThat(pool.tryExpect(words() + 1)).isZero();
        rings.forEach(WordRing::ensureRoom);
        rings.get(ring).push(word);
        models.get(ring).add(word);
    }

    /** Needs no memory: nothing is expected before. */
    private void move(int from, int to) {
        if (!models.get(from).isEmpty()) {
            long used = account.usedMemory();
            long word = rings.get(from).popFirst();
            assertThat(word).isEqualTo(models.get(from).removeFirst());
            rings.get(to).push(word);
            models.get(to).add(word);
            assertThat(account.usedMemory()).isEqualTo(used);
        }
    }

    private void pop(int ring, boolean first) {
        Deque<Long> model = models.get(ring);
        if (!model.isEmpty()) {
            long word = first ? rings.get(ring).popFirst() : rings.get(ring).popLast();
            assertThat(word).isEqualTo(first ? model.removeFirst() : model.removeLast());
        }
    }

    private void overwrite(int ring, SplittableRandom random) {
        ArrayDeque<Long> model = models.get(ring);
        if (!model.isEmpty() && model.size() < 200) {
            List<Long> words = new ArrayList<>(model);
            int index = random.nextInt(words.size());
            assertThat(rings.get(ring).get(index)).isEqualTo(words.get(index));
            words.set(index, random.nextLong());
            rings.get(ring).set(index, words.get(index));
            model.clear();
            model.addAll(words);
        }
    }

    private void compare() {
        for (int ring = 0; ring < RINGS; ring++) {
            assertThat(rings.get(ring).size()).isEqualTo(models.get(ring).size());
            long index = 0;
            for (long word : models.get(ring)) {
                assertThat(rings.get(ring).get(index++)).isEqualTo(word);
            }
        }
        assertThat(pool.bytes()).isEqualTo(account.usedMemory());
    }

    private void drainAndClose() {
        for (WordRing ring : rings) {
            while (!ring.drain(3)) {
                pool.freeStock();
            }
            assertThat(ring.size()).isZero();
        }
        pool.freeStock();
        assertThat(account.usedMemory()).isZero();
        assertThat(pool.bytes()).isZero();
    }

    @Test
    void aRingIsDrainedWhereverItsEndsAre() {
        for (int pushed : new int[] {0, 1, 127, 128, 129, 256, 300}) {
            for (int popped : new int[] {0, 1, 127, 128, 129, 256, 300}) {
                for (int poppedLast : new int[] {0, 1, 44, 128}) {
                    if (popped + poppedLast <= pushed) {
                        for (int word = 0; word < pushed; word++) {
                            push(0, word);
                        }
                        for (int word = 0; word < popped; word++) {
                            pop(0, true);
                        }
                        for (int word = 0; word < poppedLast; word++) {
                            pop(0, false);
                        }
                        models.get(0).clear();
                        drainAndClose();
                        // A ring that was drained can be used again.
                        push(0, 5);
                        pop(0, true);
                    }
                }
            }
        }
        drainAndClose();
    }

    @Test
    void whatTheAccountRefusesIsToldAndLeavesWhatThereIs() {
        long word = 0;
        while (pool.tryExpect(words() + 1) == 0) {
            push(0, word++);
        }
        assertThat(word).isGreaterThan(100_000);
        assertThat(pool.tryExpect(words() + 1)).isEqualTo(MemoryAccount.OVER_LIMIT);
        compare();
        // What is taken out makes room again, without memory.
        pop(0, true);
        move(0, 1);
        for (int count = 0; count < SegmentPool.WORDS; count++) {
            pop(0, false);
        }
        push(1, 7);
        compare();
        models.forEach(ArrayDeque::clear);
        drainAndClose();
    }

    @Test
    void oneExpectationTakesNoMoreThanItsBound() {
        assertThat(pool.expectationBytesBound())
                .isEqualTo(SegmentPool.expectationBytesBound(RINGS))
                .isEqualTo((2 * RINGS + 1) * RawZMalloc.usableBytesBound(SegmentPool.BYTES));
        for (int count = 0; count < 1_000; count++) {
            long before = account.usedMemory();
            push(count % 2, count);
            assertThat(account.usedMemory() - before).isLessThanOrEqualTo(pool.expectationBytesBound());
        }
        models.forEach(ArrayDeque::clear);
        drainAndClose();
    }
}
