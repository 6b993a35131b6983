package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.evict.EvictionPolicy;
import dev.zmalloc.table.ChainWalk;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.SlotCursor;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks what a policy keeps of a stripe's entries: every word of an index stands for an entry or is stale and counted
 * so, places are right, bytes and counts are, and what the entries weigh in the budget.
 */
final class IndexValidator {
    private final StoreParts parts;

    /** The entries, and their access fields. */
    private final Map<Long, Integer> entries = new HashMap<>();

    private final SlotCursor slot;

    private IndexValidator(StoreParts parts, HashTable table) {
        this.parts = parts;
        slot = new SlotCursor(table);
    }

    private boolean isProtected(long entry) {
        assertThat(slot.findKey(parts.hashOf(entry), null, 0, entry)).isTrue();
        return slot.isProtected();
    }

    /** Checks a stripe. Under its lock. Answers what its entries weigh in the budget, if there is one. */
    static long validate(Stripe stripe, StoreParts parts) {
        return new IndexValidator(parts, stripe.table()).check(stripe);
    }

    private long check(Stripe stripe) {
        StripeBooks books = stripe.books();
        ChainWalk.stamp(stripe.table(), 0, stripe.table().bucketCount(), (entry, access, expires) -> {
            entries.put(entry, access);
            return access;
        });
        long sheltered = entries.keySet().stream().filter(this::isProtected).count();
        assertThat(books.protectedEntries()).as("protected entries").isEqualTo(sheltered);
        EvictionPolicy policy = books.policy().policy();
        StripeIndex index = books.index();
        if (policy.isQueued()) {
            check((S3FifoQueues) index, books.isPartial());
        } else if (policy.isVolatile()) {
            check((VolatileIndex) index, books.isPartial());
        } else {
            assertThat(index).as("an index that the policy does not use").isNull();
        }
        EntryBudget budget = parts.budget();
        long weight = budget == null
                ? 0
                : entries.keySet().stream().mapToLong(budget::weight).sum();
        assertThat(books.weight()).as("weight of a stripe").isEqualTo(weight);
        return weight;
    }

    private void check(@Nullable VolatileIndex index, boolean isPartial) {
        assertThat(index).isNotNull();
        Set<Integer> places = new HashSet<>();
        long[] sheltered = {0};
        entries.keySet().forEach(entry -> {
            if (EntryLayout.expiry(entry) != EntryLayout.NEVER) {
                int place = EntryLayout.place(entry);
                assertThat(index.lacks(entry, 0)).isEqualTo(place == EntryLayout.NO_PLACE);
                if (place != EntryLayout.NO_PLACE) {
                    sheltered[0] += isProtected(entry) ? 1 : 0;
                    assertThat(places.add(place)).as("no two at one place").isTrue();
                    assertThat((long) place).isLessThan(index.words.size());
                    assertThat(index.words.get(place))
                            .as("the word at its place")
                            .isEqualTo(parts.hashOf(entry));
                } else {
                    assertThat(isPartial).as("an entry that the index lacks").isTrue();
                }
            }
        });
        assertThat(index.words.size()).as("words, none of them stale").isEqualTo(places.size());
        assertThat(index.protectedWords()).as("words of protected entries").isEqualTo(sheltered[0]);
    }

    private void check(@Nullable S3FifoQueues queues, boolean isPartial) {
        assertThat(queues).isNotNull();
        check(queues, queues.small);
        check(queues, queues.main);
        entries.forEach((entry, access) -> {
            boolean isQueued = queues.queueOf(access) != null;
            assertThat(isQueued && !queues.belongs(entry))
                    .as("queued, and spared")
                    .isFalse();
            assertThat(isQueued || !queues.belongs(entry) || isPartial)
                    .as("in a queue")
                    .isTrue();
        });
        assertThat(queues.staleWords()).isEqualTo(queues.small.staleWords() + queues.main.staleWords());
    }

    private void check(S3FifoQueues queues, S3FifoQueues.Queue queue) {
        Set<Long> alive = new HashSet<>();
        for (long place = 0; place < queue.words.size(); place++) {
            long entry = queues.entryOf(queue.words.get(place));
            if (entry != 0) {
                assertThat(queues.queueOf(entries.get(entry)))
                        .as("queue of an entry with a word")
                        .isSameAs(queue);
                alive.add(entry);
            }
        }
        entries.forEach((entry, access) ->
                assertThat(queues.queueOf(access) == queue).as("has a word").isEqualTo(alive.contains(entry)));
        assertThat(queue.entries).as("entries of a queue").isEqualTo(alive.size());
        assertThat(queue.bytes)
                .as("bytes of a queue")
                .isEqualTo(alive.stream().mapToLong(parts.sizes()::applyAsLong).sum());
        assertThat(queue.staleWords()).isGreaterThanOrEqualTo(0);
    }
}
