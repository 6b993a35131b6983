package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;

/**
 * Remembers hashes of keys for a while, four bytes each: a table of buckets of eight records, in one native block.
 *
 * <pre>
 *   record   31            12 11         0      bucket: 8 records, 32 bytes
 *          +-----------------+------------+
 *          | fingerprint (20)| time (12)  |     0: none
 *          +-----------------+------------+
 * </pre>
 *
 * Time goes by as keys are remembered: each takes its part of a span, and what was remembered more than a span ago is
 * forgotten. Nothing is moved or searched for that: such a record counts as absent, and is the first to be overwritten.
 * 12 bits hold four spans; a record that nothing has overwritten for so long would be remembered again, but a bucket
 * takes some 32 others meanwhile. Two keys are taken for one with a chance of eight in a million. When the table
 * becomes too small, a larger one begins empty.
 *
 * <p>Not thread-safe.
 */
public final class GhostKeys {
    private static final int BUCKET_RECORDS = 8;
    private static final int BUCKET_BYTES = BUCKET_RECORDS * Integer.BYTES;
    private static final int MIN_BUCKETS = 8;
    private static final int TIME_BITS = 12;
    private static final int TIME_MASK = (1 << TIME_BITS) - 1;
    private static final int SPAN = 1 << (TIME_BITS - 2);
    private static final int FRACTION_BITS = 30;

    private final MemoryAccount account;
    private long base;
    private int buckets;

    /** In 2^-30 of a step; {@link #SPAN} steps are a span. */
    private long time;

    /** Makes a memory of nothing, which takes none. */
    public GhostKeys(MemoryAccount account) {
        this.account = account;
    }

    /** Sees to it that about so many keys can be remembered at once, as far as there is memory for it. */
    public void tryExpect(long keys) {
        if (keys <= (long) buckets * BUCKET_RECORDS) {
            return;
        }
        long wanted = Math.max(MIN_BUCKETS, (keys + keys / 2) / BUCKET_RECORDS);
        if (wanted > Integer.MAX_VALUE / BUCKET_BYTES) {
            return;
        }
        long block = account.tryAllocateZeroed(wanted * BUCKET_BYTES);
        if (MemoryAccount.isAddress(block)) {
            free();
            base = block;
            buckets = (int) wanted;
        }
    }

    /** Frees the memory, and forgets everything. */
    public void free() {
        if (buckets != 0) {
            account.free(base, bytes());
            buckets = 0;
        }
    }

    /** Requested bytes of the table. */
    private long bytes() {
        return (long) buckets * BUCKET_BYTES;
    }

    /** Usable bytes of the table. */
    public long usableBytes() {
        return buckets == 0 ? 0 : RawZMalloc.zmallocSize(base);
    }

    /**
     * Remembers a key.
     *
     * @param share its part of the span, from 0 to 1
     */
    public void add(long hash, double share) {
        if (buckets == 0) {
            return;
        }
        int fingerprint = fingerprint(hash);
        long bucket = bucket(hash);
        long oldest = bucket;
        int mostAge = -1;
        for (long record = bucket; record < bucket + BUCKET_BYTES; record += Integer.BYTES) {
            int content = Memory.getInt(record);
            int age = content == 0 ? TIME_MASK : content >>> TIME_BITS == fingerprint ? TIME_MASK + 1 : age(content);
            if (age > mostAge) {
                mostAge = age;
                oldest = record;
            }
        }
        Memory.putInt(oldest, (fingerprint << TIME_BITS) | now());
        time += (long) (share * SPAN * (1L << FRACTION_BITS));
    }

    /** Tells whether a key is remembered. */
    public boolean contains(long hash) {
        return find(hash) != 0;
    }

    /** Remembers a key, if it still is, as if it were the youngest. */
    public void refresh(long hash) {
        long record = find(hash);
        if (record != 0) {
            Memory.putInt(record, fingerprint(hash) << TIME_BITS | now());
        }
    }

    /** Forgets a key. */
    public void remove(long hash) {
        long record = find(hash);
        if (record != 0) {
            Memory.putInt(record, 0);
        }
    }

    private long find(long hash) {
        if (buckets != 0) {
            int fingerprint = fingerprint(hash);
            long bucket = bucket(hash);
            for (long record = bucket; record < bucket + BUCKET_BYTES; record += Integer.BYTES) {
                int content = Memory.getInt(record);
                if (content >>> TIME_BITS == fingerprint && content != 0 && age(content) <= SPAN) {
                    return record;
                }
            }
        }
        return 0;
    }

    private int age(int record) {
        return (now() - record) & TIME_MASK;
    }

    private int now() {
        return (int) (time >>> FRACTION_BITS) & TIME_MASK;
    }

    /**
     * Of bits that choose neither the stripe nor, in all but huge tables, the bucket. Never 0, so that no record is.
     */
    private static int fingerprint(long hash) {
        return Math.max(1, ((int) (hash >>> 28) & 0xFFFF0) | ((int) hash & 0xF));
    }

    private long bucket(long hash) {
        return base + (((hash & 0xFFFFFFFFL) * buckets) >>> Integer.SIZE) * BUCKET_BYTES;
    }
}
