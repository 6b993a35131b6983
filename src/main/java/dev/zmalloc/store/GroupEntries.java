package dev.zmalloc.store;

import dev.zmalloc.evict.CandidateSink;
import dev.zmalloc.evict.EvictionTarget;
import dev.zmalloc.table.EntryLayout;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The entries of several stores, as their common evictor sees them: each with the same chance to be sampled.
 *
 * <p>Each bucket of a sample is of a store that is chosen with a probability in proportion to its buckets; where only
 * entries that expire count, each of these, in proportion to their number; and each victim of the queues, in proportion
 * to the bytes in them. The weights are looked up again after some choices, since that takes a look at every stripe.
 *
 * <p>{@link #add} and {@link #remove} one at a time; {@link #stores} any thread; the rest under the evictor's lock.
 */
final class GroupEntries implements EvictionTarget {
    private static final int CHOICES_PER_WEIGHING = 64;

    private record Member(StoreMemory store, StoreEntries entries) {}

    /** Members, and the weights by which one of them is chosen. */
    private static final class Members {
        final Member[] all;

        /** The sum of the weights up to each. */
        final long[] sums;

        int choicesLeft;

        Members(Member[] all) {
            this.all = all;
            sums = new long[all.length];
        }
    }

    private final boolean volatileOnly;
    private volatile Members members = new Members(new Member[0]);
    private volatile StoreMemory[] stores = {};
    private int lastNumber;

    private @Nullable Member chosen;

    GroupEntries(boolean volatileOnly) {
        this.volatileOnly = volatileOnly;
    }

    void add(StoreMemory store) {
        Member[] before = members.all;
        Member[] more = Arrays.copyOf(before, before.length + 1);
        more[before.length] = new Member(store, store.newEntries(++lastNumber, volatileOnly));
        set(more);
    }

    void remove(StoreMemory store) {
        set(Arrays.stream(members.all).filter(member -> member.store != store).toArray(Member[]::new));
    }

    private void set(Member[] changed) {
        members = new Members(changed);
        stores = Arrays.stream(changed).map(Member::store).toArray(StoreMemory[]::new);
    }

    /** The stores. Not to be changed. */
    StoreMemory[] stores() {
        return stores;
    }

    /** How many entries there are. Any thread. */
    long size() {
        long size = 0;
        for (StoreMemory store : stores) {
            size += store.size();
        }
        return size;
    }

    @Override
    public EvictionTarget owner() {
        return requireChosen().entries;
    }

    private Member requireChosen() {
        return Objects.requireNonNull(chosen, "chosen");
    }

    @Override
    public int sample(long random, int count, CandidateSink sink) {
        Members present = members;
        int offered = 0;
        long bits = random;
        for (int draw = 0; draw < 2 * count && offered < count && present.all.length > 0; draw++) {
            bits = StoreEntries.next(bits);
            chosen = present.all[choose(present, bits)];
            int drawn = volatileOnly ? chosen.entries.sample(bits, 1, sink) : chosen.entries.sampleBucket(bits, sink);
            if (drawn == 0 && volatileOnly) {
                // The weights are stale; or there are none, and to find that out took a search through a whole store.
                present.choicesLeft = 0;
                break;
            }
            offered += drawn;
        }
        return offered > 0 ? offered : (int) tryEach(present, bits, count, sink);
    }

    @Override
    public long evictNext(long random) {
        return tryEach(members, random, 0, null);
    }

    /**
     * Samples a member that is chosen, or, if {@code sink} is {@code null}, evicts from its queues; if that has
     * nothing, the others. Answers what the first that has anything does.
     */
    private long tryEach(Members present, long random, int count, @Nullable CandidateSink sink) {
        int first = choose(present, random);
        for (int step = 0; step < present.all.length; step++) {
            chosen = present.all[(first + step) % present.all.length];
            StoreEntries entries = chosen.entries;
            long answer = sink == null ? entries.evictNext(random) : entries.sample(random, count, sink);
            if (answer > 0) {
                return answer;
            }
            present.choicesLeft = 0;
        }
        return 0;
    }

    /** The index of the member to begin with; 0 if there is none. */
    private static int choose(Members present, long random) {
        int last = present.all.length - 1;
        if (--present.choicesLeft < 0) {
            weigh(present);
        }
        // Other bits than those that the store chooses by.
        long place = last < 0 ? 0 : Math.unsignedMultiplyHigh(random * 0x9FB21C651E98DF25L, present.sums[last]);
        int index = 0;
        while (index < last && present.sums[index] <= place) {
            index++;
        }
        return index;
    }

    private static void weigh(Members present) {
        long sum = 0;
        for (int index = 0; index < present.all.length; index++) {
            sum += present.all[index].entries.weight();
            present.sums[index] = sum;
        }
        present.choicesLeft = CHOICES_PER_WEIGHING;
    }

    @Override
    public long evict(long item, long location, int access) {
        for (Member member : members.all) {
            if (member.entries.isOwn(location)) {
                chosen = member;
                return member.entries.evict(item, location, access);
            }
        }
        // Of a store that is not among them any more.
        return 0;
    }

    @Override
    public long bytes(long item) {
        return requireChosen().entries.bytes(item);
    }

    @Override
    public long expiry(long item) {
        return EntryLayout.expiry(item);
    }
}
