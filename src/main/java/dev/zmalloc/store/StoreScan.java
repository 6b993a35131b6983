package dev.zmalloc.store;

import dev.zmalloc.ffi.Memory;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.TableScan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the entries of a store by a cursor, and draws random ones.
 *
 * <pre>
 *   cursor   63       32 31        0
 *          +------------+-----------+
 *          | stripe     | position  |     0 is the beginning, and, as an answer, the end
 *          +------------+-----------+
 * </pre>
 *
 * The stripes are gone through one after another, each by {@link TableScan}. A step pins the entries of one chain, in
 * an epoch, and shows them after it: visitors are the caller's code and may take their time.
 */
final class StoreScan {
    /** Chains that a call passes at most for each entry that it is asked for, so that empty ones end it too. */
    private static final int CHAINS_PER_ENTRY = 10;

    /** How often a chain is read without a lock, if entries of its table are moved all the time. */
    private static final int ATTEMPTS = 16;

    /** Draws in one epoch, which must not last long. */
    private static final int DRAWS_PER_ROUND = 64;

    /**
     * Rounds in which an entry is drawn before it is looked for in order. A stripe of one entry in 64 chains takes 16
     * of them.
     */
    private static final int ROUNDS = 128;

    private final StoreParts parts;
    private final Stripe[] stripes;

    StoreScan(StoreParts parts, Stripe[] stripes) {
        this.parts = parts;
        this.stripes = stripes;
    }

    /** Shows some entries; see {@link OffHeapStore#scan}. */
    long scan(long cursor, int count, ScanVisitor visitor) {
        if (count < 1) {
            throw new IllegalArgumentException("a scan of " + count + " entries");
        }
        if (cursor < 0 || cursor >>> Integer.SIZE >= stripes.length) {
            throw new IllegalArgumentException("no cursor of this store: " + cursor);
        }
        int stripe = (int) (cursor >>> Integer.SIZE);
        long position = cursor & 0xFFFFFFFFL;
        ChainInHand chain = new ChainInHand();
        long shown = 0;
        for (long chains = (long) CHAINS_PER_ENTRY * count; chains > 0 && shown < count; chains--) {
            position = chain.take(stripes[stripe], position);
            shown += chain.size;
            chain.show(stripes[stripe], visitor);
            if (position == TableScan.END) {
                position = 0;
                if (++stripe == stripes.length) {
                    return 0;
                }
            }
        }
        return (long) stripe << Integer.SIZE | position;
    }

    /** The live entries of a chain, pinned from {@link #take} to {@link #show}. */
    private final class ChainInHand {
        private final TableScan chain = new TableScan();
        private final EntryPins pins = parts.pins();
        private int[] places = new int[16];
        private int size;

        /** Pins the entries of a chain from {@code position} on. Answers the next position. */
        long take(Stripe stripe, long position) {
            size = 0;
            boolean taken = false;
            try {
                long next = tryTake(stripe, position);
                if (next == TableScan.CHANGED) {
                    next = stripe.underLock(() -> read(stripe, position));
                }
                taken = true;
                return next;
            } finally {
                if (!taken) {
                    letGo(stripe);
                }
            }
        }

        private long tryTake(Stripe stripe, long position) {
            ReaderEpochs epochs = parts.epochs();
            long next = TableScan.CHANGED;
            for (int attempt = 0; attempt < ATTEMPTS && next == TableScan.CHANGED; attempt++) {
                int ticket = epochs.enter();
                try {
                    next = read(stripe, position);
                } finally {
                    epochs.exit(ticket);
                }
            }
            return next;
        }

        /** In an epoch, or under the lock: either keeps the entries until they are pinned. */
        private long read(Stripe stripe, long position) {
            long next = chain.read(stripe.table(), position);
            stripe.checkOpen();
            if (places.length < chain.size()) {
                places = new int[2 * chain.size()];
            }
            for (int number = 0; number < chain.size(); number++) {
                long entry = chain.entry(number);
                if (!stripe.isDead(entry)) {
                    places[size] = pins.pin(entry);
                    size++;
                }
            }
            return next;
        }

        @SuppressWarnings("MustBeClosedChecker") // by hand, as in StoreOperations.read and for the same reason
        void show(Stripe stripe, ScanVisitor visitor) {
            if (size == 0) {
                return;
            }
            Arena arena = null;
            try {
                arena = Arena.ofConfined();
                for (int number = 0; number < size; number++) {
                    long entry = pins.entry(places[number]);
                    MemorySegment key =
                            Memory.readOnlySegment(EntryLayout.keyAddress(entry), EntryLayout.keyBytes(entry), arena);
                    visitor.visit(key, StoreOperations.value(entry, arena));
                }
            } finally {
                if (arena != null) {
                    arena.close();
                }
                letGo(stripe);
            }
        }

        private void letGo(Stripe stripe) {
            for (int number = 0; number < size; number++) {
                stripe.unpin(places[number]);
            }
            size = 0;
        }
    }

    /** A copy of a random key, each with the same chance; {@code null} if nothing is there. */
    byte @Nullable [] randomKey(RandomGenerator random) {
        long[] ends = new long[stripes.length];
        long size = 0;
        for (int stripe = 0; stripe < stripes.length; stripe++) {
            stripes[stripe].checkOpen();
            size += stripes[stripe].size();
            ends[stripe] = size;
        }
        if (size == 0) {
            return null;
        }
        long chosen = random.nextLong(size);
        int first = 0;
        while (ends[first] <= chosen) {
            first++;
        }
        byte[] key = draw(stripes[first], random);
        return key != null ? key : next(first, random);
    }

    private byte @Nullable [] draw(Stripe stripe, RandomGenerator random) {
        int places = TableScan.places(stripe.table());
        for (int round = 0; round < ROUNDS; round++) {
            int pin = drawPinned(stripe, places, random);
            if (pin != Stripe.NOT_THERE) {
                try {
                    return EntryLayout.copyOfKey(parts.pins().entry(pin));
                } finally {
                    stripe.unpin(pin);
                }
            }
        }
        return null;
    }

    private int drawPinned(Stripe stripe, int places, RandomGenerator random) {
        int ticket = parts.epochs().enter();
        try {
            for (int draw = 0; draw < DRAWS_PER_ROUND; draw++) {
                long entry = TableScan.draw(stripe.table(), places, random);
                if (entry != 0 && !stripe.isDead(entry)) {
                    return parts.pins().pin(entry);
                }
            }
            return Stripe.NOT_THERE;
        } finally {
            parts.epochs().exit(ticket);
        }
    }

    /** The first key from a random place on, where all that is drawn is void, or has expired. */
    private byte @Nullable [] next(int stripe, RandomGenerator random) {
        long start = (long) stripe << Integer.SIZE | random.nextLong(TableScan.END);
        byte[] found = firstKey(start, 0);
        return found != null ? found : firstKey(0, start);
    }

    /** The first key from a cursor on, up to another one, or the end if that is 0. */
    private byte @Nullable [] firstKey(long from, long to) {
        byte[][] found = new byte[1][];
        long cursor = from;
        do {
            cursor = scan(cursor, 1, (key, value) -> found[0] = key.toArray(ValueLayout.JAVA_BYTE));
        } while (found[0] == null && cursor != 0 && (to == 0 || cursor < to));
        return found[0];
    }
}
