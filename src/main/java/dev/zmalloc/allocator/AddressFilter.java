package dev.zmalloc.allocator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A set of addresses that sometimes says yes to an address that is not in it: one bit for each of 262,144 hashes, 32
 * KiB, so that what is asked often stays in the processor's first caches. With a thousand addresses one question in 256
 * is answered wrongly, with ten thousand one in 27.
 *
 * <p>Asking costs one load. Adding and removing take a lock. A record, whose fields the JIT takes for constants.
 *
 * @param words the bits
 * @param counts how many addresses have each hash; never lowered again once it is {@value #MOST}
 * @param lock guards {@code counts} and the writes to {@code words}
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and no copies are wanted
record AddressFilter(long[] words, byte[] counts, ReentrantLock lock) {
    private static final int LOG_BITS = 18;
    private static final byte MOST = Byte.MAX_VALUE;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    static AddressFilter empty() {
        return new AddressFilter(new long[1 << (LOG_BITS - 6)], new byte[1 << LOG_BITS], new ReentrantLock());
    }

    /** Whether {@code address} may be in the set. Whoever got the address after it was added is told yes. */
    boolean mayContain(long address) {
        int hash = hash(address);
        return ((long) WORDS.getOpaque(words, hash >>> 6) & (1L << hash)) != 0;
    }

    void add(long address) {
        int hash = hash(address);
        lock.lock();
        try {
            if (counts[hash] != MOST) {
                counts[hash]++;
            }
            WORDS.setOpaque(words, hash >>> 6, words[hash >>> 6] | (1L << hash));
        } finally {
            lock.unlock();
        }
    }

    /** Takes out an address that was added. */
    void remove(long address) {
        int hash = hash(address);
        lock.lock();
        try {
            if (counts[hash] != MOST && --counts[hash] == 0) {
                WORDS.setOpaque(words, hash >>> 6, words[hash >>> 6] & ~(1L << hash));
            }
        } finally {
            lock.unlock();
        }
    }

    private static int hash(long address) {
        return (int) ((address * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - LOG_BITS));
    }
}
