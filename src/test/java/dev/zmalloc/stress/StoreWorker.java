package dev.zmalloc.stress;

import dev.zmalloc.store.MaxMemoryException;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.store.ValueLease;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One thread's part of a stress: operations of every kind on keys at random, each result checked by what the value
 * tells. It holds some leases open all the while. For one thread; the counts are for any.
 */
public final class StoreWorker implements AutoCloseable {
    /** What a worker does, and how many of a thousand operations are of that kind. */
    public enum Kind {
        /** A copy. */
        GET(220),
        /** A copy into an array of the caller's. */
        GET_INTO(40),
        /** A look in place. */
        READ(100),
        /** A look in place, with changes to the same key from inside. */
        READ_AND_CHANGE(30),
        /** A lease, ended many operations later. */
        LEASE(40),
        /** Presence. */
        CONTAINS(40),
        /** A value without expiry. */
        PUT(200),
        /** A value that expires within some milliseconds. */
        PUT_EXPIRING(40),
        /** A value where there is none. */
        PUT_IF_ABSENT(40),
        /** A value where there is one. */
        REPLACE(40),
        /** A value in place of the one that was read before. */
        REPLACE_SAME(20),
        /** A value, and the one before. */
        GET_AND_PUT(30),
        /** A function of the value. */
        UPDATE(30),
        /** A removal. */
        REMOVE(70),
        /** A removal of the value that was read before. */
        REMOVE_SAME(15),
        /** A removal, and what was removed. */
        GET_AND_REMOVE(20),
        /** A new expiry. */
        EXPIRE(10),
        /** No expiry any more. */
        PERSIST(5),
        /** The time that is left. */
        TIME_TO_LIVE(5),
        /** What the entry takes. */
        ENTRY_BYTES(5),
        /** Everything is removed, now and then. */
        CLEAR(0);

        private final int perThousand;

        Kind(int perThousand) {
            this.perThousand = perThousand;
        }
    }

    /** What the workers of a stress do alike. */
    public record Settings(int keys, int longOnes, int operationsPerClear) {}

    private static final Kind[] KINDS = Kind.values();
    private static final int LEASES = 3;
    private static final int MOST_MILLIS_TO_LIVE = 40;

    private final OffHeapStore store;
    private final SplittableRandom random;
    private final Settings settings;
    private final Map<Kind, AtomicLong> counts = new EnumMap<>(Kind.class);
    private final AtomicLong refused = new AtomicLong();
    private final ValueLease[] leases = new ValueLease[LEASES];
    private final int[] leasedKeys = new int[LEASES];
    private final long[] leasedWords = new long[LEASES];
    private final byte[] target = new byte[128 << 10];

    /** Makes a worker on {@code store}. */
    public StoreWorker(OffHeapStore store, SplittableRandom random, Settings settings) {
        this.store = store;
        this.random = random;
        this.settings = settings;
        for (Kind kind : KINDS) {
            counts.put(kind, new AtomicLong());
        }
    }

    /** How many operations of a kind there were. */
    public long count(Kind kind) {
        return counts.get(kind).get();
    }

    /** How many were refused because the limit left no room. */
    public long refused() {
        return refused.get();
    }

    /**
     * Does one operation.
     *
     * @throws AssertionError if it served what it must not
     */
    public void operate() {
        Kind kind = next();
        int number = random.nextInt(settings.keys());
        try {
            operate(kind, number, TellingValue.key(number));
        } catch (MaxMemoryException e) {
            refused.incrementAndGet();
        }
        counts.get(kind).incrementAndGet();
    }

    private Kind next() {
        if (random.nextInt(settings.operationsPerClear()) == 0) {
            return Kind.CLEAR;
        }
        int drawn = random.nextInt(1_000);
        for (Kind kind : KINDS) {
            drawn -= kind.perThousand;
            if (drawn < 0) {
                return kind;
            }
        }
        throw new AssertionError("the parts of a thousand are fewer than a thousand");
    }

    private void operate(Kind kind, int number, byte[] key) {
        switch (kind) {
            case GET -> TellingValue.check(number, store.get(key));
            case GET_INTO -> getInto(number, key);
            case READ -> store.read(key, segment -> TellingValue.check(number, segment));
            case READ_AND_CHANGE -> readAndChange(number, key);
            case LEASE -> lease(number, key);
            case CONTAINS -> store.containsKey(key);
            case PUT -> store.put(key, value(number));
            case PUT_EXPIRING -> store.put(key, value(number), timeToLive());
            case PUT_IF_ABSENT -> store.putIfAbsent(key, value(number));
            case REPLACE -> store.replace(key, value(number));
            case REPLACE_SAME -> replaceSame(number, key);
            case GET_AND_PUT -> TellingValue.check(number, store.getAndPut(key, value(number)));
            case UPDATE -> update(number, key);
            case REMOVE -> store.remove(key);
            case REMOVE_SAME -> removeSame(number, key);
            case GET_AND_REMOVE -> TellingValue.check(number, store.getAndRemove(key));
            case EXPIRE -> store.expire(key, timeToLive());
            case PERSIST -> store.persist(key);
            case TIME_TO_LIVE -> store.timeToLive(key);
            case ENTRY_BYTES -> store.entryBytes(key);
            case CLEAR -> store.clear();
        }
    }

    private byte[] value(int number) {
        return TellingValue.of(number, random, settings.longOnes());
    }

    private Duration timeToLive() {
        return Duration.ofMillis(1 + random.nextInt(MOST_MILLIS_TO_LIVE));
    }

    private void getInto(int number, byte[] key) {
        int length = store.getInto(key, target, 0);
        if (length >= 0) {
            TellingValue.check(number, Arrays.copyOf(target, length));
        }
    }

    private void readAndChange(int number, byte[] key) {
        boolean removes = random.nextBoolean();
        store.read(key, segment -> {
            long before = TellingValue.check(number, segment);
            if (removes) {
                store.remove(key);
            } else {
                store.put(key, value(number));
            }
            if (TellingValue.check(number, segment) != before) {
                throw new AssertionError("a value of key " + number + " changed under its reader");
            }
            return null;
        });
    }

    private void lease(int number, byte[] key) {
        int place = random.nextInt(LEASES);
        endLease(place);
        ValueLease lease = store.lease(key);
        if (lease != null) {
            leases[place] = lease;
            leasedKeys[place] = number;
            leasedWords[place] = TellingValue.check(number, lease.segment());
        }
    }

    private void endLease(int place) {
        ValueLease lease = leases[place];
        if (lease != null) {
            leases[place] = null;
            try (lease) {
                if (TellingValue.check(leasedKeys[place], lease.segment()) != leasedWords[place]) {
                    throw new AssertionError("a leased value of key " + leasedKeys[place] + " changed");
                }
            }
        }
    }

    private void replaceSame(int number, byte[] key) {
        byte[] seen = store.get(key);
        if (TellingValue.check(number, seen) != 0) {
            store.replace(key, seen, value(number));
        }
    }

    private void removeSame(int number, byte[] key) {
        byte[] seen = store.get(key);
        if (TellingValue.check(number, seen) != 0) {
            store.remove(key, seen);
        }
    }

    private void update(int number, byte[] key) {
        boolean removes = random.nextInt(4) == 0;
        byte[] value = value(number);
        byte[] updated = store.update(key, before -> changed(number, before, removes ? null : value));
        if ((updated == null) != removes) {
            throw new AssertionError("update answered what its function did not return");
        }
    }

    private static byte @Nullable [] changed(int number, byte @Nullable [] before, byte @Nullable [] after) {
        TellingValue.check(number, before);
        return after;
    }

    /** Ends the leases that are open. By the worker's thread. */
    @Override
    public void close() {
        for (int place = 0; place < LEASES; place++) {
            endLease(place);
        }
    }
}
