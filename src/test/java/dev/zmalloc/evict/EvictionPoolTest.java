package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.fixtures.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EvictionPoolTest {
    private final MemoryAccount account = new MemoryAccount("test", 0);
    private EvictionPool pool;

    @BeforeEach
    void open() {
        pool = EvictionPool.open(account);
    }

    @AfterEach
    void close() {
        pool.close();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void keepsTheSixteenBest() {
        for (int item = 0; item < 100; item++) {
            pool.offer((item * 37) % 100, item, 0, item);
        }
        assertThat(pool.size()).isEqualTo(EvictionPool.CAPACITY);
        for (int expected = 99; !pool.isEmpty(); expected--) {
            assertThat(pool.score(pool.size() - 1)).isEqualTo(expected);
            assertThat(pool.bestItem() * 37 % 100).isEqualTo(expected);
            assertThat(pool.bestAccess()).isEqualTo((int) pool.bestItem());
            pool.removeBest();
        }
    }

    @Test
    void behavesLikeASortedListWithoutDuplicates() {
        long seed = Seeds.next("EvictionPoolTest.behavesLikeASortedListWithoutDuplicates");
        SplittableRandom random = new SplittableRandom(seed);
        List<long[]> model = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            if (random.nextInt(3) > 0) {
                long[] candidate = {random.nextInt(50), random.nextInt(30), random.nextInt(2), random.nextInt(1 << 16)};
                pool.offer(candidate[0], candidate[1], candidate[2], (int) candidate[3]);
                boolean isFull = model.size() == EvictionPool.CAPACITY;
                if (!isFull || candidate[0] >= model.get(0)[0]) {
                    model.removeIf(known -> known[1] == candidate[1] && known[2] == candidate[2]);
                }
                if (model.size() < EvictionPool.CAPACITY) {
                    model.add(candidate);
                } else if (model.get(0)[0] <= candidate[0]) {
                    model.set(0, candidate);
                }
                model.sort(Comparator.comparingLong(known -> known[0]));
            } else if (!model.isEmpty()) {
                pool.removeBest();
                model.remove(model.size() - 1);
            }
            assertThat(pool.size()).as("seed %d, step %d", seed, step).isEqualTo(model.size());
            for (int position = 0; position < model.size(); position++) {
                assertThat(pool.score(position))
                        .as("seed %d, step %d", seed, step)
                        .isEqualTo(model.get(position)[0]);
            }
            // Which of several equal ones goes is open, so the model follows the pool.
            if (!model.isEmpty()) {
                resynchronise(model);
            }
        }
    }

    private void resynchronise(List<long[]> model) {
        List<long[]> copy = new ArrayList<>();
        while (!pool.isEmpty()) {
            copy.add(0, new long[] {pool.score(pool.size() - 1), pool.bestItem(), pool.bestLocation(), pool.bestAccess()
            });
            pool.removeBest();
        }
        // Of equal ones the last that is offered comes to lie in front.
        for (long[] candidate : copy.reversed()) {
            pool.offer(candidate[0], candidate[1], candidate[2], (int) candidate[3]);
        }
        model.clear();
        model.addAll(copy);
    }
}
