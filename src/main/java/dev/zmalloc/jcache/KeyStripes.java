package dev.zmalloc.jcache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import javax.cache.CacheException;

/**
 * Locks under which a key's entry does not change, while user code decides what becomes of it. Keys share them, so that
 * there is nothing to allocate; reads take none.
 *
 * <p>User code under a lock may use the cache, and then other keys, whose locks might be held by threads that wait for
 * this one. Who holds a lock and needs another that is taken waits for a second at most, and is refused then. Between
 * two caches nobody looks.
 */
final class KeyStripes {
    private static final int COUNT = 256;
    private static final long NESTED_WAIT_SECONDS = 1;

    /**
     * Where no user's code runs under a lock, it is held for less than a microsecond: to be put to sleep takes more.
     */
    private static final int SPINS = 64;

    private final ReentrantLock[] locks = new ReentrantLock[COUNT];

    KeyStripes() {
        Arrays.setAll(locks, index -> new ReentrantLock());
    }

    /** Locks a key. The caller unlocks what is answered. */
    ReentrantLock lock(Object key) {
        ReentrantLock lock = locks[index(key)];
        lock(lock);
        return lock;
    }

    /** Locks several keys, in an order that all callers keep. {@link #unlock} undoes it. */
    int[] lockAll(Collection<?> keys) {
        int[] indexes =
                keys.stream().mapToInt(KeyStripes::index).sorted().distinct().toArray();
        int locked = 0;
        try {
            while (locked < indexes.length) {
                lock(locks[indexes[locked]]);
                locked++;
            }
            return indexes;
        } finally {
            if (locked < indexes.length) {
                unlock(Arrays.copyOf(indexes, locked));
            }
        }
    }

    void unlock(int[] indexes) {
        for (int index : indexes) {
            locks[index].unlock();
        }
    }

    private void lock(ReentrantLock lock) {
        for (int spin = 0; spin < SPINS; spin++) {
            if (lock.tryLock()) {
                return;
            }
            Thread.onSpinWait();
        }
        if (!holdsAny()) {
            lock.lock();
            return;
        }
        try {
            if (lock.tryLock(NESTED_WAIT_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new CacheException("a loader, writer, processor or listener has used its cache for another key,"
                + " which another thread keeps locked and may be waiting for this one");
    }

    private boolean holdsAny() {
        for (ReentrantLock lock : locks) {
            if (lock.isHeldByCurrentThread()) {
                return true;
            }
        }
        return false;
    }

    /** Of keys that are the same by their bytes too, though arrays are never equal. */
    private static int index(Object key) {
        int hash = switch (key) {
            case byte[] bytes -> Arrays.hashCode(bytes);
            case MemorySegment segment -> Arrays.hashCode(segment.toArray(ValueLayout.JAVA_BYTE));
            default -> key.hashCode();
        };
        return (hash * 0x9E3779B9) >>> (Integer.SIZE - 8);
    }
}
