package dev.zmalloc.store;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.ffi.ThreadStripe;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.ReaderEpochs;
import dev.zmalloc.table.RetiredBlocks;
import dev.zmalloc.table.StripeSet;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/** The {@linkplain WriterLane lanes} of a store, each made when a thread of its stripe writes for the first time. */
final class WriterLanes {
    private final AtomicReferenceArray<WriterLane> lanes = new AtomicReferenceArray<>(ThreadStripe.COUNT);
    private final StripeSet waiting = new StripeSet();
    private final StripeSet pinning = new StripeSet();
    private final MemoryAccount account;
    private final ReaderEpochs epochs;
    private final EntryPins pins;

    /** The lanes of a store that pays from {@code account}. */
    WriterLanes(MemoryAccount account, ReaderEpochs epochs, EntryPins pins) {
        this.account = account;
        this.epochs = epochs;
        this.pins = pins;
    }

    /** The calling thread's. */
    WriterLane own() {
        int number = ThreadStripe.current();
        WriterLane lane = lanes.get(number);
        return lane == null ? add(number) : lane;
    }

    private WriterLane add(int number) {
        RetiredBlocks replaced = RetiredBlocks.reusable(account, epochs, pins, waiting, pinning, number);
        lanes.compareAndSet(number, null, new WriterLane(replaced));
        return lanes.get(number);
    }

    /** Shows each lane that there is. */
    void forEach(Consumer<WriterLane> consumer) {
        for (int number = 0; number < lanes.length(); number++) {
            WriterLane lane = lanes.get(number);
            if (lane != null) {
                consumer.accept(lane);
            }
        }
    }

    private long sum(ToLongFunction<WriterLane> figure) {
        long sum = 0;
        for (int number = 0; number < lanes.length(); number++) {
            WriterLane lane = lanes.get(number);
            sum += lane == null ? 0 : figure.applyAsLong(lane);
        }
        return sum;
    }

    private long sum(StripeSet of, ToLongFunction<WriterLane> figure) {
        long sum = 0;
        for (long bits = of.bits(); bits != 0; bits &= bits - 1) {
            sum += figure.applyAsLong(lanes.get(Long.numberOfTrailingZeros(bits)));
        }
        return sum;
    }

    /**
     * Operations that took memory, or are about to, for the table: those that {@link #ended}, and those that hold it.
     */
    long begun() {
        return sum(WriterLane::begun);
    }

    /** Those of them whose memory is the table's, or was freed. */
    long ended() {
        return sum(WriterLane::ended);
    }

    /** Entries that were put. */
    long puts() {
        return sum(WriterLane::puts);
    }

    /** What is free as soon as readers of this moment are done. */
    long readableBytes() {
        return sum(waiting, lane -> lane.replaced().readableBytes());
    }

    /** Bytes that wait for a reader or a lease to end. */
    long heldBytes() {
        return sum(pinning, lane -> lane.replaced().heldBytes());
    }

    /** Frees what no reader holds any more, as far as that can be told without waiting. Answers the bytes. */
    long reclaim() {
        return sum(waiting, WriterLane::reclaim);
    }

    /**
     * Frees an entry that waits for a pin that was taken off before, if it is here. Costs one load where nothing waits
     * for pins.
     */
    void unpinned(long entry) {
        for (long bits = pinning.bits(); bits != 0; bits &= bits - 1) {
            lanes.get(Long.numberOfTrailingZeros(bits)).unpinned(entry);
        }
    }

    /** Has lanes keep nothing from now on. */
    void close() {
        forEach(WriterLane::close);
    }

    /** After {@link #close}: frees what it can. Answers whether nothing is left but what is held. */
    boolean release() {
        forEach(WriterLane::release);
        return readableBytes() == 0;
    }
}
