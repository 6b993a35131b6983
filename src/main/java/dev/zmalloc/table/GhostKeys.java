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

    /** Keys that are moved to a larger index at once, in a millisecond or two. */
    private static final int MAX_MOVED = 1 << 16;

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
     * room for fewer. Where the index grows, what is remembered is looked at once; if that is more than
     * {@value #MAX_MOVED} keys, it is forgotten instead, so that no call takes long. That is rare: keys are remembered
     * when there is eviction, and by then there are as many entries as there will be.
     *
     * @return 0, or {@link MemoryAccount#OVER_LIMIT} or {@link MemoryAccount#NO_MEMORY}, with nothing changed
     */
    public long tryExpect(long expected) {
        ring.ensureRoom();
        long wanted = Math.max(expected, keys + 1L);
        if (4 * wanted <= 3L * slots) {
            return 0;
        }
        long count = slotsFor(wanted);
        long block = count <= slots ? MemoryAccount.NO_MEMORY : account.tryAllocateZeroed(count * SLOT_BYTES);
        if (!MemoryAccount.isAddress(block)) {
            return block;
        }
        freeIndex();
        base = block;
        slots = (int) count;
        boolean forgets = keys > MAX_MOVED;
        for (long index = 0; index < ring.size() && !forgets; index++) {
            if (ring.get(index) != 0) {
                takeSlot(ring.get(index), first + index);
            }
        }
        if (forgets) {
            forgetAll();
        }
        return 0;
    }

    /** Forgets everything, while no slot is taken. */
    private void forgetAll() {
        ring.drain(Integer.MAX_VALUE);
        keys = 0;
        bytes = 0;
    }

    /** The most bytes that {@link #tryExpect} takes for so many keys. */
    public static long expectationBytesBound(long expected) {
        return RawZMalloc.usableBytesBound(slotsFor(expected + 1) * SLOT_BYTES);
    }

    private static long slotsFor(long wanted) {
        return Math.min(MAX_SLOTS, Math.max(MIN_SLOTS, 2 * wanted));
    }

    /** The usable bytes, or the most there can be, of an index that was told to expect up to so many, one by one. */
    public static long bytesBound(long expected) {
        long grown = MIN_SLOTS;
        while (4 * expected > 3 * grown && grown < MAX_SLOTS) {
            grown = slotsFor(3 * grown / 4 + 1);
        }
        return RawZMalloc.usableBytesBound(grown * SLOT_BYTES);
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
        return (slot(slot) - first) & Integer.MAX_VALUE;
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
