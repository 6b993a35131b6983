package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ffi.Memory;
import java.util.function.LongConsumer;

/**
 * Where the buckets of a table are: a tree of blocks of fixed size, so that growing by one bucket takes one small block
 * at most and moves nothing.
 *
 * <pre>
 *   bucket index    21        14 13         6 5        0
 *                 +------------+------------+----------+
 *                 | leaf (8)   | chunk (8)  | bucket(6)|
 *                 +------------+------------+----------+
 *
 *   root: 256 addresses of leaves (2 KiB)
 *   leaf: 256 addresses of chunks (2 KiB)
 *   chunk: 64 buckets (4 KiB), zeroed
 * </pre>
 *
 * The root is taken on opening, leaves and chunks as the table grows; all belong to this object until {@link #close}.
 *
 * <p>Callers hold the stripe's lock, but for {@link #bucket}, which readers call for an index that they have seen
 * published: what it needs was written before. Pointers to blocks that went are left as they were, since a reader may
 * be on its way there with an index of before; the blocks are retired, and outlast it. Should a new leaf have taken the
 * place of the old one meanwhile, such an index leads to some bucket all the same: a new leaf points to its first chunk
 * everywhere. The key is not there, and the reader sees that the table's version has changed.
 */
final class Directory {
    static final int BUCKETS_PER_CHUNK = 64;
    static final int CHUNK_BYTES = BUCKETS_PER_CHUNK * BucketLayout.BUCKET_BYTES;

    private static final int FAN_OUT = 256;
    private static final int NODE_BYTES = FAN_OUT * Long.BYTES;

    /** More buckets than this a table cannot have; its chains grow instead. */
    static final int MAX_BUCKETS = FAN_OUT * FAN_OUT * BUCKETS_PER_CHUNK;

    private static final int CHUNK_SHIFT = Integer.numberOfTrailingZeros(BUCKETS_PER_CHUNK);
    private static final int LEAF_SHIFT = CHUNK_SHIFT + Integer.numberOfTrailingZeros(FAN_OUT);

    private final MemoryAccount account;

    /** Set before the first bucket count is published, and not changed after. */
    private long root;

    private int chunks;

    /** Makes a directory that takes its memory from {@code account}, once it is opened. */
    Directory(MemoryAccount account) {
        this.account = account;
    }

    /** The most bytes that an empty directory and its first chunk take. */
    static long initialBytesBound() {
        return 2 * RawZMalloc.usableBytesBound(NODE_BYTES) + RawZMalloc.usableBytesBound(CHUNK_BYTES);
    }

    /** The most bytes that a directory of so many chunks takes, those included. */
    static long bytesBound(long chunks) {
        long leaves = (chunks + FAN_OUT - 1) / FAN_OUT;
        return (1 + leaves) * RawZMalloc.usableBytesBound(NODE_BYTES)
                + chunks * RawZMalloc.usableBytesBound(CHUNK_BYTES);
    }

    /** The most bytes that one {@link #tryAddChunk} takes. */
    static long growthBytesBound() {
        return RawZMalloc.usableBytesBound(NODE_BYTES) + RawZMalloc.usableBytesBound(CHUNK_BYTES);
    }

    /**
     * Takes the root and the first chunk, before anything else is asked of this object.
     *
     * @return as {@link #tryAddChunk}; if it is no address, this object must not be used
     */
    long tryOpen() {
        root = account.tryAllocateZeroed(NODE_BYTES);
        if (!MemoryAccount.isAddress(root)) {
            return root;
        }
        long chunk = tryAddChunk();
        if (!MemoryAccount.isAddress(chunk)) {
            account.free(root, NODE_BYTES);
        }
        return chunk;
    }

    /** The number of buckets that there is room for. */
    int bucketCapacity() {
        return chunks * BUCKETS_PER_CHUNK;
    }

    /** Where the directory begins, for {@link #bucket(long, int)}. */
    long root() {
        return root;
    }

    private static long leaf(long root, int index) {
        return Memory.getLongAcquire(root + (long) (index >>> LEAF_SHIFT) * Long.BYTES);
    }

    /** The address of a bucket below {@link #bucketCapacity}, now or when the index was published. */
    long bucket(int index) {
        return bucket(root, index);
    }

    /** The same for the directory that begins at {@code root}. */
    static long bucket(long root, int index) {
        long chunk = Memory.getLongAcquire(chunkPointer(leaf(root, index), index >>> CHUNK_SHIFT));
        return chunk + (long) (index & (BUCKETS_PER_CHUNK - 1)) * BucketLayout.BUCKET_BYTES;
    }

    /**
     * Makes room for {@link #BUCKETS_PER_CHUNK} more buckets, zeroed.
     *
     * @return their address; or what {@link MemoryAccount#tryAllocate} answers, with nothing changed
     */
    long tryAddChunk() {
        if (bucketCapacity() == MAX_BUCKETS) {
            return MemoryAccount.OVER_LIMIT;
        }
        long chunk = account.tryAllocateZeroed(CHUNK_BYTES);
        if (!MemoryAccount.isAddress(chunk)) {
            return chunk;
        }
        long leaf = leafForNextChunk(chunk);
        if (!MemoryAccount.isAddress(leaf)) {
            account.free(chunk, CHUNK_BYTES);
            return leaf;
        }
        Memory.putLongRelease(chunkPointer(leaf, chunks), chunk);
        chunks++;
        return chunk;
    }

    /** Retires the last chunk, whose buckets must be out of use, and the leaf that held it if that is empty then. */
    void removeChunk(RetiredBlocks retired) {
        chunks--;
        long leaf = leaf(root, chunks * BUCKETS_PER_CHUNK);
        retired.retire(Memory.getLong(chunkPointer(leaf, chunks)), CHUNK_BYTES);
        if (chunks % FAN_OUT == 0) {
            retired.retire(leaf, NODE_BYTES);
        }
    }

    /** Frees the last chunk likewise, at once: no reader may be on its way to it. */
    void freeChunk() {
        chunks--;
        long leaf = leaf(root, chunks * BUCKETS_PER_CHUNK);
        account.free(Memory.getLong(chunkPointer(leaf, chunks)), CHUNK_BYTES);
        if (chunks % FAN_OUT == 0) {
            account.free(leaf, NODE_BYTES);
        }
    }

    /** Frees everything, at once: no reader may be under way. The object must not be used again. */
    void close() {
        while (chunks > 0) {
            freeChunk();
        }
        account.free(root, NODE_BYTES);
    }

    /** Shows the address of every block of the directory, for a validator. */
    void forEachBlock(LongConsumer visitor) {
        visitor.accept(root);
        for (int chunk = 0; chunk < chunks; chunk++) {
            long leaf = Memory.getLong(root + (long) (chunk / FAN_OUT) * Long.BYTES);
            if (chunk % FAN_OUT == 0) {
                visitor.accept(leaf);
            }
            visitor.accept(Memory.getLong(chunkPointer(leaf, chunk)));
        }
    }

    private long leafForNextChunk(long chunk) {
        long leafPointer = root + (long) (chunks / FAN_OUT) * Long.BYTES;
        if (chunks % FAN_OUT != 0) {
            return Memory.getLong(leafPointer);
        }
        long leaf = account.tryAllocate(NODE_BYTES);
        if (MemoryAccount.isAddress(leaf)) {
            for (int index = 0; index < FAN_OUT; index++) {
                Memory.putLong(chunkPointer(leaf, index), chunk);
            }
            Memory.putLongRelease(leafPointer, leaf);
        }
        return leaf;
    }

    private static long chunkPointer(long leaf, int chunk) {
        return leaf + (long) (chunk & (FAN_OUT - 1)) * Long.BYTES;
    }
}
