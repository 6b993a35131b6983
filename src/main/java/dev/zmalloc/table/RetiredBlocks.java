package dev.zmalloc.table;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import java.lang.invoke.VarHandle;

/**
 * Blocks that have left the table and may still be in the hands of readers: a ring in the order in which they left, and
 * beside it those that were pinned when their turn came.
 *
 * <p>They count as used memory, and as awaiting reclamation, until they are freed, or {@linkplain #takeOver taken over}
 * for something new. They are freed in passing, a few at a time, when others are retired, and when somebody asks for it
 * because memory is short. Retiring takes no native memory, and none of the heap as long as readers do not stand still.
 *
 * <p>Not thread-safe: the caller holds one lock around each call, but for {@link #readableBytes}, {@link #heldBytes}
 * and {@link #hasPinned}.
 */
public final class RetiredBlocks {
    private static final int INITIAL_BLOCKS = 64;

    /** So many blocks, or bytes, may wait before a retirement looks whether they are free by now. */
    private static final int PATIENT_BLOCKS = 24;

    private static final long PATIENT_BYTES = 32 << 10;

    private static final int SPARE_BLOCKS = PATIENT_BLOCKS / 2;
    private static final long SPARE_BYTES = PATIENT_BYTES / 2;

    /** The most blocks that one call frees, so that no lock is held for long. */
    private static final int FREES_PER_CALL = 64;

    /** Blocks in no reader's hands of which one is looked for that fits. */
    private static final int TRIES = 4;

    private static final int HELD = 0;
    private static final int COPIED = 1;

    private final MemoryAccount account;
    private final ReaderEpochs epochs;
    private final EntryPins pins;
    private final StripeSet waiting;
    private final StripeSet pinning;
    private final int stripe;

    /** How many are kept for {@link #takeOver} where nobody asks for memory, of at most {@link #SPARE_BYTES}. */
    private final int spareBlocks;

    /** Whether the stripe is in {@link #waiting}. */
    private boolean isWaiting;

    private final BlockRing ring = new BlockRing(INITIAL_BLOCKS);

    /** How many of the first in the ring are known to be in no reader's hands, unless they are pinned. */
    private int ripe;

    /** Additions to the ring that are to come, and have their room. */
    private int expected;

    /** In no order; in place of an epoch, what they wait for. */
    private final BlockRing pinned = new BlockRing(2);

    /** Bytes in the ring. */
    private final OwnedCount readable = new OwnedCount();

    /** Bytes of the blocks that are pinned. */
    private final OwnedCount pinnedBytes = new OwnedCount();

    /** Bytes of those that are pinned for copies alone. */
    private final OwnedCount copiedBytes = new OwnedCount();

    /**
     * Makes an empty list, none of whose blocks is kept.
     *
     * @param account whose blocks they are
     * @param epochs of those who may read them
     * @param pins of those who may read them for longer
     * @param waiting has the stripe in it while there are {@link #readableBytes}
     * @param stripe whose list it is
     */
    public RetiredBlocks(MemoryAccount account, ReaderEpochs epochs, EntryPins pins, StripeSet waiting, int stripe) {
        this(account, epochs, pins, waiting, new StripeSet(), stripe, 0);
    }

    /** Makes an empty list whose blocks are there to be {@linkplain #takeOver taken over}. */
    public static RetiredBlocks reusable(
            MemoryAccount account,
            ReaderEpochs epochs,
            EntryPins pins,
            StripeSet waiting,
            StripeSet pinning,
            int stripe) {
        return new RetiredBlocks(account, epochs, pins, waiting, pinning, stripe, SPARE_BLOCKS);
    }

    private RetiredBlocks(
            MemoryAccount account,
            ReaderEpochs epochs,
            EntryPins pins,
            StripeSet waiting,
            StripeSet pinning,
            int stripe,
            int spareBlocks) {
        this.account = account;
        this.epochs = epochs;
        this.pins = pins;
        this.waiting = waiting;
        this.pinning = pinning;
        this.stripe = stripe;
        this.spareBlocks = spareBlocks;
    }

    /** Makes sure that so many blocks can be retired without memory of the heap. */
    public void ensureRoom(int blocks) {
        ring.ensureRoom(expected + blocks);
    }

    /** Like {@link #ensureRoom}, and answers whether there was memory of the heap. */
    boolean tryEnsureRoom(int blocks) {
        return ring.tryEnsureRoom(expected + blocks);
    }

    /**
     * Makes sure that one more block can be retired without memory of the heap, whatever else is retired before. The
     * caller owes a {@link #retireExpected} or {@link #expectNoMore}.
     */
    public void expect() {
        ensureRoom(1);
        expected++;
    }

    /** Ends the wait for a block that does not come. */
    public void expectNoMore() {
        expected--;
    }

    /** Like {@link #retire}, for a block that was {@linkplain #expect expected}. */
    public void retireExpected(long address, long bytes) {
        expected--;
        retire(address, bytes);
    }

    /**
     * Hands out a block that can hold {@code bytes} and that no reader has any more, in place of one from the
     * allocator: it is likely to be in the cache, and nothing has to be counted. The account's count stays, since the
     * block is in use as it was before.
     *
     * @return the block, which is the caller's; 0 if there is none that fits
     */
    public long takeOver(long bytes) {
        if (!RawZMalloc.blocksAreAlike()) {
            return 0;
        }
        int size = ring.size();
        if (ripe == 0 && size <= PATIENT_BLOCKS && (size >= SPARE_BLOCKS || readable.get() > SPARE_BYTES)) {
            ripen();
        }
        if (ripe == 0) {
            return 0;
        }
        long usableBytes = RawZMalloc.usableBytesBound(bytes);
        boolean anyPins = pins.any();
        for (int index = 0; index < Math.min(ripe, TRIES); index++) {
            long address = ring.address(index);
            if (RawZMalloc.usableBytesBound(ring.bytes(index)) == usableBytes && !(anyPins && pins.isPinned(address))) {
                ring.remove(index);
                ripe--;
                readable.add(-usableBytes);
                tellWaiting();
                return address;
            }
        }
        return 0;
    }

    /**
     * Takes over a block that no reader can find any more.
     *
     * @param bytes anything from its requested to its usable size
     */
    public void retire(long address, long bytes) {
        add(address, bytes);
        if (ring.size() > PATIENT_BLOCKS || readable.get() > PATIENT_BYTES) {
            free(spareBlocks);
        }
        tellWaiting();
    }

    /** Like {@link #retire}, for a block whose memory is wanted at once: {@link #reclaim} too. */
    public void retireNow(long address, long bytes) {
        add(address, bytes);
        reclaim();
    }

    private void add(long address, long bytes) {
        ring.add(address, bytes, epochs.unlinked());
        readable.add(RawZMalloc.usableBytesBound(bytes));
    }

    /** Writes only where that has changed: the line is every other thread's too. */
    private void tellWaiting() {
        boolean waits = readableBytes() != 0;
        if (waits != isWaiting) {
            isWaiting = waits;
            waiting.set(stripe, waits);
        }
    }

    /**
     * Frees what no reader holds any more, a bounded number of blocks. Does not wait, and throws nothing: it is called
     * when a change has been made.
     *
     * @return the bytes that were freed
     */
    public long reclaim() {
        if (ring.size() == 0) {
            return 0;
        }
        long freed = free(0);
        tellWaiting();
        return freed;
    }

    /** Looks which of the first blocks are in no reader's hands by now. */
    private void ripen() {
        int most = Math.min(FREES_PER_CALL, ring.size());
        if (ripe >= most) {
            return;
        }
        if (epochs.advanceBeyond(ring.epoch(most - 1))) {
            ripe = most;
            return;
        }
        int now = epochs.now();
        while (ripe < most && now - ring.epoch(ripe) >= ReaderEpochs.GRACE_EPOCHS) {
            ripe++;
        }
    }

    /** Frees blocks that are in no reader's hands, all but {@code spare} of them if those are not large. */
    private long free(int spare) {
        ripen();
        long freed = 0;
        int frees = Math.min(FREES_PER_CALL, ripe);
        // Whoever pinned one of these did so in an epoch that is over by now.
        boolean anyPins = frees > 0 && pins.any();
        if (anyPins && !pinned.tryEnsureRoom(frees)) {
            return 0;
        }
        for (int count = 0; count < frees && (ripe > spare || readable.get() > SPARE_BYTES); count++) {
            long address = ring.address(0);
            long bytes = ring.bytes(0);
            ring.removeFirst();
            ripe--;
            if (anyPins && pins.isPinned(address)) {
                freed += keepPinned(address, bytes);
            } else {
                freed += account.free(address, bytes);
            }
            // Not before: who wants memory, and sees none that is to come, does not wait for it.
            readable.add(-RawZMalloc.usableBytesBound(bytes));
        }
        return freed;
    }

    private long keepPinned(long address, long bytes) {
        pinned.add(address, bytes, HELD);
        // The reader takes its pin off, and then looks at this count. If that was before, the pin is off by now.
        pinnedBytes.add(RawZMalloc.usableBytesBound(bytes));
        if (pinned.size() == 1) {
            pinning.set(stripe, true);
        }
        VarHandle.fullFence();
        return settle(pinned.size() - 1);
    }

    /**
     * Frees a block that was retired, if it waits for nothing but the pin that was taken off it.
     *
     * @return the bytes that were freed
     */
    public long unpinned(long address) {
        int index = pinned.indexOf(address);
        long freed = index < 0 ? 0 : settle(index);
        tellWaiting();
        return freed;
    }

    /** Frees one of the pinned blocks if it is not pinned any more, and notes else what for it is. */
    private long settle(int index) {
        long address = pinned.address(index);
        long bytes = pinned.bytes(index);
        long usableBytes = RawZMalloc.usableBytesBound(bytes);
        boolean wasCopied = pinned.epoch(index) == COPIED;
        if (pins.isPinned(address)) {
            boolean isCopied = !pins.isHeld(address);
            if (isCopied != wasCopied) {
                copiedBytes.add(isCopied ? usableBytes : -usableBytes);
                pinned.setEpoch(index, isCopied ? COPIED : HELD);
            }
            return 0;
        }
        pinned.remove(index);
        if (pinned.size() == 0) {
            pinning.set(stripe, false);
        }
        long freed = account.free(address, bytes);
        if (wasCopied) {
            copiedBytes.add(-usableBytes);
        }
        pinnedBytes.add(-usableBytes);
        return freed;
    }

    /**
     * Usable bytes that wait for readers in an epoch, or for copies, which end soon by themselves; more where the
     * allocator cannot tell usable from requested. Any thread.
     */
    public long readableBytes() {
        return epochBytes() + copiedBytes.get();
    }

    /** Those of them that wait for readers in an epoch. Any thread. */
    public long epochBytes() {
        return readable.get();
    }

    /** Usable bytes that wait for other pins to be taken off. Any thread. */
    public long heldBytes() {
        return Math.max(0, pinnedBytes.get() - copiedBytes.get());
    }

    /** Whether anything waits for a pin of either kind to be taken off. Any thread. */
    public boolean hasPinned() {
        return pinnedBytes.get() != 0;
    }

    /** For a validator: shows address and bytes of each block that waits. */
    public void forEach(BlockVisitor visitor) {
        ring.forEach(visitor);
        pinned.forEach(visitor);
    }

    /** Is shown blocks. */
    @FunctionalInterface
    public interface BlockVisitor {
        /** Called for one block. */
        void visit(long address, long bytes);
    }
}
