package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.table.EntryLayout;
import dev.zmalloc.table.EntryPins;
import dev.zmalloc.table.HashTable;
import dev.zmalloc.table.ReaderEpochs;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("core")
@Timeout(60)
class WriterLaneTest {
    private static final long ENTRY_BYTES = EntryLayout.entryBytes(4, 100, false);

    private final long before = ZMalloc.zmallocUsedMemory();
    private final MemoryAccount account = new MemoryAccount("test", 1 << 20);
    private final ReaderEpochs epochs = new ReaderEpochs();
    private final EntryPins pins = new EntryPins();
    private final WriterLanes lanes = new WriterLanes(account, epochs, pins);
    private final WriterLane lane = lanes.own();

    @AfterEach
    void nothingIsLeft() {
        lanes.close();
        assertThat(lanes.release()).isTrue();
        assertThat(lanes.begun()).isEqualTo(lanes.ended());
        assertThat(account.usedMemory()).isZero();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    private long newEntry() {
        long entry = account.tryAllocate(ENTRY_BYTES);
        EntryLayout.writeHeader(entry, 4, 100, EntryLayout.NEVER);
        return entry;
    }

    /** Replaces entries, and answers how many of the later ones were written where earlier ones had been. */
    private int replace(int times) {
        int taken = 0;
        long present = newEntry();
        for (int count = 0; count < times; count++) {
            long block = lane.begin(ENTRY_BYTES);
            taken += block != 0 ? 1 : 0;
            long next = block != 0 ? block : account.tryAllocate(ENTRY_BYTES);
            EntryLayout.writeHeader(next, 4, 100, EntryLayout.NEVER);
            lane.end(present);
            present = next;
        }
        account.free(present, ENTRY_BYTES);
        return taken;
    }

    @Test
    void entriesAreWrittenWhereEarlierOnesWere() {
        long allocations = ZMalloc.zmallocAllocations();
        int taken = replace(1_000);
        if (RawZMalloc.blocksAreAlike()) {
            assertThat(taken).isGreaterThan(950);
            assertThat(ZMalloc.zmallocAllocations() - allocations).isLessThan(50);
        } else {
            assertThat(taken).isZero();
            assertThat(ZMalloc.zmallocAllocations() - allocations).isGreaterThanOrEqualTo(1_000);
        }
        assertThat(lanes.puts()).isEqualTo(1_000);
    }

    @Test
    void whatAReaderMayHoldIsNotTaken() {
        int reader = epochs.enter();
        assertThat(replace(500)).isZero();
        epochs.exit(reader);
        assertThat(lanes.readableBytes()).isGreaterThanOrEqualTo(500 * ENTRY_BYTES);
    }

    @Test
    void whatIsPinnedIsNotTaken() {
        long entry = newEntry();
        int pin = pins.pin(entry);
        lane.begin(8);
        lane.end(entry);
        for (int count = 0; count < 200; count++) {
            long block = lane.begin(ENTRY_BYTES);
            assertThat(block).isNotEqualTo(entry);
            if (block == 0) {
                block = newEntry();
            }
            EntryLayout.writeHeader(block, 4, 100, EntryLayout.NEVER);
            lane.end(block);
        }
        lanes.reclaim();
        assertThat(lanes.heldBytes()).isGreaterThanOrEqualTo(account.usedMemory());
        assertThat(lanes.readableBytes()).isZero();
        pins.unpin(pin);
        lanes.unpinned(entry);
        assertThat(lanes.heldBytes()).isZero();
        assertThat(account.usedMemory()).isZero();
    }

    /** What is large is given back at once, and the rest when somebody asks. */
    @Test
    void keepsLittle() {
        replace(1_000);
        assertThat(account.usedMemory()).isLessThan(30 * RawZMalloc.usableBytesBound(ENTRY_BYTES));
        assertThat(lanes.readableBytes()).isGreaterThanOrEqualTo(account.usedMemory());
        long large = account.tryAllocate(EntryLayout.entryBytes(4, 100_000, false));
        EntryLayout.writeHeader(large, 4, 100_000, EntryLayout.NEVER);
        lane.begin(8);
        lane.end(large);
        assertThat(account.usedMemory()).isLessThan(20_000);
        replace(20);
        assertThat(lanes.reclaim()).isPositive();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void countsWhoHoldsMemory() {
        lane.beginWithoutBlock();
        assertThat(lanes.begun() - lanes.ended()).isOne();
        lane.withdraw();
        assertThat(lanes.begun() - lanes.ended()).isZero();
        lane.beginWithoutBlock();
        lane.end(HashTable.REFUSED);
        assertThat(lanes.begun()).isOne();
        assertThat(lanes.ended()).isOne();
        assertThat(lanes.puts()).isZero();
    }

    @Test
    void aBlockThatWasOfNoUseIsBackWhereItWas() {
        replace(100);
        long used = account.usedMemory();
        long waiting = lanes.readableBytes();
        long block = lane.begin(ENTRY_BYTES);
        assertThat(block != 0).isEqualTo(RawZMalloc.blocksAreAlike());
        if (block == 0) {
            lane.end(HashTable.REFUSED);
        } else {
            assertThat(lanes.readableBytes()).isLessThan(waiting);
            lane.giveBack(block, ENTRY_BYTES);
        }
        assertThat(account.usedMemory()).isEqualTo(used);
        assertThat(lanes.readableBytes()).isEqualTo(waiting);
    }

    /** The one that did it holds a pin itself, for the value that it is to answer. */
    @Test
    void whatIsReplacedWhileTheStoreClosesIsFreedByWhoReplacedIt() {
        long entry = newEntry();
        int pin = pins.pinForCopy(entry);
        lane.begin(8);
        lanes.close();
        lane.end(entry);
        assertThat(account.usedMemory()).isPositive();
        pins.unpin(pin);
        lanes.unpinned(entry);
        assertThat(account.usedMemory()).isZero();
        lane.begin(8);
        lane.end(newEntry());
        assertThat(account.usedMemory()).isZero();
    }

    /** Of many sizes, entries find others' places too, and what does not fit goes back. */
    @Test
    void entriesOfManySizesDoNotPileUp() {
        try (OffHeapStore store = OffHeapStore.builder().maxMemory(64 << 20).build()) {
            byte[] key = "key".getBytes(StandardCharsets.US_ASCII);
            for (int count = 0; count < 20_000; count++) {
                store.put(key, new byte[count * 7 % 700]);
                assertThat(store.statistics().awaitingReclamation()).isLessThan(40 << 10);
            }
            StoreValidator.validate(store);
        }
    }
}
