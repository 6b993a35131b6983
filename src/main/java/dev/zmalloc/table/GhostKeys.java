package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;

/**
 * Remembers hashes of keys and the bytes of their entries, first in, first out, as long as these bytes are within a
 * span. What is removed gives its bytes back, so that older ones are remembered for longer.
 *
 * <pre>
 *   word of the ring   63                         16 15       0
 *                    +-----------------------------+----------+
 *                    | hash (48)                   | size     |     0: removed
 *                    +-----------------------------+----------+
 *   index              slots of 4 bytes, open addressing, linear probing;  0: free, else a place in the ring
 * </pre>
 *
 * A size is kept to one part in 256, which is exact for the size classes of allocators: the exponent and the leading
 * bits of a float. A key costs 8 bytes in the ring and 5 to 11 in the index. Two keys are taken for one with a chance
 * of one in 2^48 for each that is remembered. The ring is never longer than the index, removed words included: the
 * oldest are forgotten then.
 *
 * <p>Memory is taken in {@link #tryExpect} alone; words come from the pool of the ring's owner, who has it expect
 * {@link #words} more. Not thread-safe.
 */
public final class GhostKeys {
    private static final int SIZE_BITS = 16;
    private static final int SIZE_MASK = (1 << SIZE_BITS) - 1;

    /** Of a float's bits, those that a size leaves out. */
    private static final int FLOAT_SHIFT = Integer.SIZE - 1 - SIZE_BITS;

    private static final int SLOT_BYTES = Integer.BYTES;
    private static final int MIN_SLOTS = 64;
    private static final int MAX_SLOTS = Integer.MAX_VALUE / SLOT_BYTES;

    /** Set in a slot that is not free; the other bits are those of a place. */
    private static final int TAKEN = Integer.MIN_VALUE;

    private static final int NOWHERE = -1;

    private final MemoryAccount account;
    private final WordRing ring;

    /** The place of the ring's first word. */
    private long first;

    private long base;
    private int slots;
    private int keys;
    private long bytes;

    /** Makes a memory of nothing, which takes none; {@code account} pays for the index, {@code pool} for the ring. */
    public GhostKeys(MemoryAccount account, SegmentPool pool) {
        this.account = account;
        ring = new WordRing(pool);
    }

    /** How many keys are remembered. */
    public int keys() {
        return keys;
    }

    /** How many words of the pool's the ring has. */
    public long words() {
        return ring.size();
    }

    /**
     * Sees to it that about so many keys can be remembered at once, as far as there is memory for it: else there is
     * room for fewer. Where the index grows, it takes time in proportion to what is remembered.
     */
    public void tryExpect(long expected) {
        ring.ensureRoom();
        long wanted = Math.max(expected, keys + 1L);
        if (4 * wanted <= 3L * slots) {
            return;
        }
        long count = Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 * wanted));
        long block = count <= slots ? 0 : account.tryAllocateZeroed(count * SLOT_BYTES);
        if (count > slots && MemoryAccount.isAddress(block)) {
            freeIndex();
            base = block;
            slots = (int) count;
            for (long index = 0; index < ring.size(); index++) {
                if (ring.get(index) != 0) {
                    takeSlot(ring.get(index), first + index);
                }
            }
        }
    }

    private void freeIndex() {
        if (slots != 0) {
            account.free(base, (long) slots * SLOT_BYTES);
            slots = 0;
        }
    }

    /** Forgets everything, frees the index, and gives so many segments to the pool. Answers whether none is left. */
    public boolean drain(int segments) {
        freeIndex();
        keys = 0;
        bytes = 0;
        return ring.drain(segments);
    }

    /** Usable bytes of the index. */
    public long usableBytes() {
        return slots == 0 ? 0 : RawZMalloc.zmallocSize(base);
    }

    /**
     * Remembers a key as the youngest.
     *
     * @param size of its entry, in bytes
     * @param span what the sizes of all keys that are remembered may come to
     */
    public void add(long hash, long size, long span) {
        long word = hash << SIZE_BITS | Float.floatToIntBits((float) Math.max(1, size)) >>> FLOAT_SHIFT;
        if (slots == 0 || bytes(word) > span) {
            return;
        }
        remove(hash);
        bytes += bytes(word);
        while (bytes > span || keys >= slots - slots / 8 || ring.size() >= slots) {
            forgetOldest();
        }
        takeSlot(word, first + ring.size());
        ring.push(word);
        keys++;
    }

    private static long bytes(long word) {
        return (long) Float.intBitsToFloat(((int) word & SIZE_MASK) << FLOAT_SHIFT);
    }

    private void forgetOldest() {
        long word = ring.get(0);
        if (word != 0) {
            remove(word >>> SIZE_BITS);
        }
        ring.popFirst();
        first++;
    }

    /** Forgets a key. Answers whether it was remembered. */
    public boolean remove(long hash) {
        int slot = find(hash);
        if (slot == NOWHERE) {
            return false;
        }
        long index = index(slot);
        bytes -= bytes(ring.get(index));
        keys--;
        ring.set(index, 0);
        freeSlot(slot);
        return true;
    }

    private int find(long hash) {
        if (keys > 0) {
            for (int slot = home(hash); slot(slot) != 0; slot = next(slot)) {
                if (((ring.get(index(slot)) >>> SIZE_BITS) ^ hash) << SIZE_BITS == 0) {
                    return slot;
                }
            }
        }
        return NOWHERE;
    }

    private int home(long hash) {
        return (int) (((hash & 0xFFFFFFFFL) * slots) >>> Integer.SIZE);
    }

    private int next(int slot) {
        return slot + 1 == slots ? 0 : slot + 1;
    }

    private int slot(int slot) {
        return Memory.getInt(base + (long) slot * SLOT_BYTES);
    }

    private void setSlot(int slot, int content) {
        Memory.putInt(base + (long) slot * SLOT_BYTES, content);
    }

    /** Where in the ring that is what a slot stands for. */
    private long index(int slot) {
        return (slot(slot) - (int) first) & ~TAKEN;
    }

    private void takeSlot(long word, long place) {
        int slot = home(word >>> SIZE_BITS);
        while (slot(slot) != 0) {
            slot = next(slot);
        }
        setSlot(slot, (int) place | TAKEN);
    }

    /** Frees a slot, and moves those after it that would not be found any more. */
    private void freeSlot(int freed) {
        int hole = freed;
        for (int slot = next(hole); slot(slot) != 0; slot = next(slot)) {
            int home = home(ring.get(index(slot)) >>> SIZE_BITS);
            boolean isBetween = hole < slot ? hole < home && home <= slot : hole < home || home <= slot;
            if (!isBetween) {
                setSlot(hole, slot(slot));
                hole = slot;
            }
        }
        setSlot(hole, 0);
    }
}
