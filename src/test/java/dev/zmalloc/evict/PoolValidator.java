package dev.zmalloc.evict;

import static org.assertj.core.api.Assertions.assertThat;

/** Checks the invariants of an evictor's pool. */
public final class PoolValidator {
    private PoolValidator() {}

    /** Checks the pool of {@code evictor}, which nobody uses meanwhile. */
    public static void validate(Evictor evictor) {
        EvictionPool pool = evictor.pool;
        assertThat(pool).isNotNull();
        assertThat(pool.size()).isBetween(0, EvictionPool.CAPACITY);
        for (int position = 1; position < pool.size(); position++) {
            assertThat(pool.score(position)).as("ascending scores").isGreaterThanOrEqualTo(pool.score(position - 1));
        }
    }

    /** How many candidates the pool holds. */
    public static int size(Evictor evictor) {
        EvictionPool pool = evictor.pool;
        return pool == null ? 0 : pool.size();
    }
}
