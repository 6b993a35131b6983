package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.fixtures.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class EntryBudgetTest {
    @Test
    void grantsUpToTheLimitAndGoesDownAsEntriesLeave() {
        EntryBudget budget = new EntryBudget(10, entry -> entry * 2);
        assertThat(budget.weight(21)).isEqualTo(42);
        assertThat(budget.tryTake(10)).isTrue();
        assertThat(budget.tryTake(1)).isFalse();
        assertThat(budget.tryTake(0)).isTrue();
        assertThat(budget.tryTake(-3)).isTrue();
        assertThat(budget.used()).isEqualTo(7);
        budget.setLimit(4);
        assertThat(budget.wanted()).isEqualTo(4);
        assertThat(budget.excess()).isEqualTo(3);
        assertThat(budget.tryTake(1)).as("more than there was").isFalse();
        assertThat(budget.tryTake(-2)).as("less, where there is too much").isTrue();
        assertThat(budget.tryTake(2))
                .as("as much as there was, until it settles")
                .isTrue();
        budget.give(3);
        budget.settle();
        assertThat(budget.tryTake(1)).isFalse();
        budget.give(1);
        assertThat(budget.tryTake(1)).isTrue();
        assertThat(budget.excess()).isZero();
        budget.setLimit(Long.MAX_VALUE);
        assertThat(budget.tryTake(1L << 40)).isTrue();
        assertThat(budget.excess()).isNegative();
    }

    /** A step of lowering that comes late must not undo the raise that came after. */
    @Test
    void whoeverSettlesTheLastLimitHolds() throws InterruptedException {
        EntryBudget budget = new EntryBudget(1_000, entry -> 1);
        long seed = Seeds.next("EntryBudgetTest");
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong most = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < 3; number++) {
            SplittableRandom random = new SplittableRandom(seed + number);
            threads.add(Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    long weight = random.nextInt(400);
                    if (budget.tryTake(weight)) {
                        most.accumulateAndGet(budget.used(), Math::max);
                        budget.give(weight);
                    }
                    budget.settle();
                }
            }));
        }
        for (int change = 0; change < 20_000; change++) {
            budget.setLimit(100);
            budget.setLimit(1_000);
        }
        done.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(most.get()).isLessThanOrEqualTo(1_000);
        assertThat(budget.used()).isZero();
        assertThat(budget.tryTake(1_000)).as("the limit set last").isTrue();
    }
}
