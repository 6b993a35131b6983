package dev.zmalloc.store;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.fixtures.Seeds;
import dev.zmalloc.fixtures.Shrinking;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random sequences of all operations, on arrays and segments of every kind, against a map on the heap. Short ones are
 * validated after each step, long ones now and then. A failure tells the seed, and a shortest sequence that fails.
 */
class StoreModelTest {
    private static final int SHRINKING_RUNS = 400;

    /** Room for a store of one stripe and some dozens of entries. */
    private static final long TIGHT = 128 << 10;

    @Test
    void shortSequencesWithoutALimit() {
        check("shortSequencesWithoutALimit", 40, 70, 12, 1, 0, EvictionPolicy.NOEVICTION);
    }

    @Test
    void longSequencesWithoutALimit() {
        check("longSequencesWithoutALimit", 2, 20_000, 3_000, 4_000, 0, EvictionPolicy.NOEVICTION);
    }

    @Test
    void shortSequencesAtALimit() {
        check("shortSequencesAtALimit", 40, 120, 150, 1, TIGHT, EvictionPolicy.ALLKEYS_LRU);
    }

    @Test
    void longSequencesAtALimit() {
        check("longSequencesAtALimit", 3, 15_000, 1_000, 500, TIGHT, EvictionPolicy.ALLKEYS_LRU);
    }

    @Test
    void sequencesAtALimitThatRefuses() {
        check("sequencesAtALimitThatRefuses", 3, 10_000, 1_000, 500, TIGHT, EvictionPolicy.NOEVICTION);
    }

    /** Each policy in its turn, with entries that do not fit. */
    @Test
    void sequencesUnderEachPolicy() {
        for (EvictionPolicy policy : EvictionPolicy.values()) {
            check("sequencesUnderEachPolicy." + policy, 8, 150, 100, 1, TIGHT, policy);
            check("sequencesUnderEachPolicy." + policy, 1, 3_000, 600, 500, TIGHT, policy);
        }
    }

    @Test
    void shortSequencesWithChangesOfPolicyAndLimit() {
        check("shortSequencesWithChanges", 60, 120, 100, 1, TIGHT, null);
    }

    @Test
    void longSequencesWithChangesOfPolicyAndLimit() {
        check("longSequencesWithChanges", 4, 10_000, 700, 300, TIGHT, null);
        check("longSequencesWithChangesWithoutALimit", 1, 10_000, 700, 1_000, 0, null);
    }

    private static void check(
            String name,
            int sequences,
            int steps,
            int keys,
            int validateEach,
            long maxMemory,
            @Nullable EvictionPolicy policy) {
        long seed = Seeds.next("StoreModelTest." + name);
        SplittableRandom random = new SplittableRandom(seed);
        for (int sequence = 0; sequence < sequences; sequence++) {
            List<StoreAction> actions = policy == null
                    ? StoreAction.sequenceWithChanges(random, steps, keys)
                    : StoreAction.sequence(random, steps, keys);
            Throwable failure = run(actions, validateEach, maxMemory, policy);
            if (failure != null) {
                List<StoreAction> shortest = Shrinking.shrink(
                        actions, candidate -> run(candidate, validateEach, maxMemory, policy) != null, SHRINKING_RUNS);
                throw new AssertionError(
                        "seed " + seed + ", sequence " + sequence + "; this is enough to fail:\n"
                                + shortest.stream().map(Object::toString).collect(Collectors.joining("\n")),
                        failure);
            }
        }
    }

    /** What went wrong, or {@code null}. */
    private static @Nullable Throwable run(
            List<StoreAction> actions, int validateEach, long maxMemory, @Nullable EvictionPolicy policy) {
        try (StoreModelRun run = new StoreModelRun(maxMemory, policy == null ? EvictionPolicy.NOEVICTION : policy)) {
            int step = 0;
            for (StoreAction action : actions) {
                run.apply(action);
                if (++step % validateEach == 0) {
                    StoreValidator.validate(run.store());
                }
            }
            run.finish();
            return null;
        } catch (RuntimeException | Error failure) {
            return failure;
        }
    }
}
