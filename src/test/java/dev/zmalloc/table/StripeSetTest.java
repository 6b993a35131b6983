package dev.zmalloc.table;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.MemoryAccount;
import org.junit.jupiter.api.Test;

class StripeSetTest {
    private final StripeSet waiting = new StripeSet();
    private final MemoryAccount account = new MemoryAccount("test", 0);
    private final ReaderEpochs epochs = new ReaderEpochs();
    private final EntryPins pins = new EntryPins();

    @Test
    void takesStripesInAndOut() {
        waiting.set(0, true);
        waiting.set(63, true);
        waiting.set(63, true);
        assertThat(waiting.bits()).isEqualTo(1L | 1L << 63);
        waiting.set(0, false);
        assertThat(waiting.bits()).isEqualTo(1L << 63);
        waiting.set(63, false);
        assertThat(waiting.bits()).isZero();
    }

    @Test
    void hasThoseWithBlocksThatWaitForReaders() {
        RetiredBlocks third = new RetiredBlocks(account, epochs, pins, waiting, 3);
        RetiredBlocks fifth = new RetiredBlocks(account, epochs, pins, waiting, 5);
        int reader = epochs.enter();
        third.retire(account.tryAllocate(100), 100);
        fifth.retireNow(account.tryAllocate(100), 100);
        assertThat(waiting.bits()).isEqualTo(1 << 3 | 1 << 5);
        epochs.exit(reader);
        assertThat(third.reclaim()).isPositive();
        assertThat(waiting.bits()).isEqualTo(1 << 5);
        assertThat(fifth.reclaim()).isPositive();
        assertThat(waiting.bits()).isZero();
        third.retireNow(account.tryAllocate(100), 100);
        assertThat(waiting.bits()).isZero();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void hasThoseWithBlocksThatAreCopiedButNotThoseThatAreHeld() {
        RetiredBlocks blocks = new RetiredBlocks(account, epochs, pins, waiting, 1);
        long copied = account.tryAllocate(100);
        long held = account.tryAllocate(100);
        int copy = pins.pinForCopy(copied);
        int hold = pins.pin(held);
        blocks.retireNow(copied, 100);
        assertThat(waiting.bits()).isEqualTo(1 << 1);
        pins.unpin(copy);
        blocks.unpinned(copied);
        assertThat(waiting.bits()).isZero();
        blocks.retireNow(held, 100);
        assertThat(waiting.bits()).isZero();
        assertThat(blocks.heldBytes()).isPositive();
        pins.unpin(hold);
        blocks.unpinned(held);
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void pinsAreSeenWhereverTheyAre() {
        // More than a thread's own places, so that others' and a second group are used too.
        int[] places = new int[300];
        for (int pin = 0; pin < places.length; pin++) {
            assertThat(pins.isPinned(16L * (pin + 1))).isFalse();
            places[pin] = pin % 2 == 0 ? pins.pin(16L * (pin + 1)) : pins.pinForCopy(16L * (pin + 1));
        }
        for (int pin = 0; pin < places.length; pin++) {
            assertThat(pins.isPinned(16L * (pin + 1))).isTrue();
            assertThat(pins.isHeld(16L * (pin + 1))).isEqualTo(pin % 2 == 0);
        }
        assertThat(pins.any()).isTrue();
        for (int place : places) {
            pins.unpin(place);
        }
        assertThat(pins.any()).isFalse();
    }
}
