package dev.zmalloc.table;

import dev.zmalloc.ffi.ThreadStripe;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Entries that somebody reads in place for longer than an epoch may last: their blocks are not freed until they are
 * unpinned, also if they have left the table.
 *
 * <pre>
 *   places   0 .. 7       8 .. 15           120 .. 127   128 .. 135
 *          +------------+------------+-   -+------------+------------+-   -
 *          | stripe 0   | stripe 1   | ... | stripe 15  | stripe 0   | ...     an address, or 0
 *          +------------+------------+-   -+------------+------------+-   -
 *            first group of 128                           second group
 * </pre>
 *
 * These are hazard pointers (M. Michael, IEEE TPDS 15(6), 2004), each written while the reader is still in its epoch,
 * so that there is nothing to look at twice: whoever wants to free a block has waited for that epoch to end, and then
 * sees the pin. A thread looks for a free place in its own cache line of each group first, then anywhere, then a group
 * is added. Places are reused; groups are kept.
 *
 * <p>A pin for a copy is marked by bit 0: it is taken off soon, by a thread that does nothing but copy meanwhile, so
 * that its end is worth waiting for where memory is wanted.
 *
 * <p>Any thread may call any method; a pin may be taken off by another thread.
 */
public final class EntryPins {
    private static final int STRIPE_PLACES = 8;
    private static final int GROUP_PLACES = ThreadStripe.COUNT * STRIPE_PLACES;
    private static final long COPY_BIT = 1;
    private static final long[][] NO_GROUPS = {};
    private static final VarHandle PLACES_HANDLE = MethodHandles.arrayElementVarHandle(long[].class);

    private final ReentrantLock growing = new ReentrantLock();
    private volatile long[][] groups = {new long[GROUP_PLACES]};

    /**
     * The stripes in which a place was ever taken, so that who looks for a pin need not look at the others. A bit is
     * set before the place is written, and whoever must see the pin sees what was before it.
     */
    private final AtomicInteger usedStripes = new AtomicInteger();

    /** Makes pins of nothing. */
    public EntryPins() {}

    /**
     * Pins {@code entry}, which the caller holds by an epoch.
     *
     * @return the place, for {@link #unpin}
     */
    public int pin(long entry) {
        return place(entry);
    }

    /** Like {@link #pin}, for a copy. */
    public int pinForCopy(long entry) {
        return place(entry | COPY_BIT);
    }

    private int place(long entry) {
        int own = ThreadStripe.current() * STRIPE_PLACES;
        while (true) {
            long[][] present = groups;
            for (int group = 0; group < present.length; group++) {
                for (int place = own; place < own + STRIPE_PLACES; place++) {
                    if (tryPlace(present[group], place, entry)) {
                        return group * GROUP_PLACES + place;
                    }
                }
            }
            for (int group = present.length - 1; group >= 0; group--) {
                for (int place = 0; place < GROUP_PLACES; place++) {
                    if (tryPlace(present[group], place, entry)) {
                        return group * GROUP_PLACES + place;
                    }
                }
            }
            grow(present);
        }
    }

    private boolean tryPlace(long[] group, int place, long entry) {
        int bit = 1 << (place / STRIPE_PLACES);
        if ((usedStripes.get() & bit) == 0) {
            usedStripes.getAndUpdate(used -> used | bit);
        }
        return (long) PLACES_HANDLE.getOpaque(group, place) == 0
                && PLACES_HANDLE.compareAndSet(group, place, 0L, entry);
    }

    private void grow(long[][] seen) {
        growing.lock();
        try {
            if (groups.length == seen.length) {
                long[][] more = Arrays.copyOf(groups, seen.length + 1);
                more[seen.length] = new long[GROUP_PLACES];
                groups = more;
            }
        } finally {
            growing.unlock();
        }
    }

    /** The entry that is pinned at a place. */
    public long entry(int place) {
        return (long) PLACES_HANDLE.getOpaque(groups[place / GROUP_PLACES], place % GROUP_PLACES) & ~COPY_BIT;
    }

    /** Takes a pin off. What the caller reads next, by a volatile access, is not older than that. */
    public void unpin(int place) {
        PLACES_HANDLE.setVolatile(groups[place / GROUP_PLACES], place % GROUP_PLACES, 0L);
    }

    /** Tells whether anything is pinned. */
    boolean any() {
        return contains(-1, 0, false);
    }

    /** Tells whether an entry is pinned. */
    boolean isPinned(long entry) {
        return contains(~COPY_BIT, entry, true);
    }

    /** Tells whether an entry is pinned for something else than a copy. */
    public boolean isHeld(long entry) {
        return contains(-1, entry, true);
    }

    /** Whether a place has, under a mask, this value, or another one. */
    private boolean contains(long mask, long value, boolean isEqual) {
        int used = usedStripes.get();
        for (long[] group : used == 0 ? NO_GROUPS : groups) {
            for (int bits = used; bits != 0; bits &= bits - 1) {
                int first = Integer.numberOfTrailingZeros(bits) * STRIPE_PLACES;
                for (int place = first; place < first + STRIPE_PLACES; place++) {
                    if ((((long) PLACES_HANDLE.getAcquire(group, place) & mask) == value) == isEqual) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** How many pins there are. */
    public int count() {
        int count = 0;
        for (long[] group : groups) {
            for (int place = 0; place < GROUP_PLACES; place++) {
                count += (long) PLACES_HANDLE.getAcquire(group, place) != 0 ? 1 : 0;
            }
        }
        return count;
    }
}
