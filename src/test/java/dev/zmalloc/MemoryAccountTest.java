package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MemoryAccountTest {
    @Test
    void countsUsableBytesBesideTheProcess() {
        MemoryAccount account = new MemoryAccount(0);
        long before = ZMalloc.zmallocUsedMemory();
        long block = account.tryAllocate(100);
        assertThat(account.usedMemory()).isEqualTo(RawZMalloc.zmallocSize(block));
        assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(account.usedMemory());
        assertThat(account.free(block, 100)).isPositive();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void refusesWhatPassesTheLimitAndChargesNothing() {
        MemoryAccount account = new MemoryAccount(1000);
        assertThat(account.tryAllocate(2000)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.tryAllocateZeroed(1L << 60)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.tryAllocate(-1)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.usedMemory()).isZero();
        assertThat(account.tryReserve(1000)).isTrue();
        assertThat(account.tryReserve(1)).isFalse();
        assertThat(account.isOver(1)).isTrue();
        assertThat(account.isOver(0)).isFalse();
        account.release(1000);
        assertThat(new MemoryAccount(0).tryAllocate(1L << 60)).isEqualTo(MemoryAccount.NO_MEMORY);
        assertThatThrownBy(() -> new MemoryAccount(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void holdsTheLimitAgainstManyThreads() throws InterruptedException {
        long limit = 64 << 10;
        MemoryAccount account = new MemoryAccount(limit);
        AtomicBoolean done = new AtomicBoolean();
        AtomicLong highest = new AtomicLong();
        Thread watch = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                highest.accumulateAndGet(account.usedMemory(), Math::max);
            }
        });
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < 8; number++) {
            int seed = number;
            threads.add(Thread.ofPlatform().start(() -> churn(account, seed)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        done.set(true);
        watch.join();
        assertThat(highest.get()).isPositive().isLessThanOrEqualTo(limit);
        assertThat(account.usedMemory()).isZero();
    }

    private static void churn(MemoryAccount account, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] blocks = new long[64];
        int[] sizes = new int[64];
        for (int step = 0; step < 100_000; step++) {
            int index = random.nextInt(64);
            if (MemoryAccount.isAddress(blocks[index])) {
                account.free(blocks[index], sizes[index]);
                blocks[index] = 0;
            } else {
                sizes[index] = random.nextInt(4000);
                blocks[index] = account.tryAllocate(sizes[index]);
            }
        }
        for (int index = 0; index < 64; index++) {
            if (MemoryAccount.isAddress(blocks[index])) {
                account.free(blocks[index], sizes[index]);
            }
        }
    }
}
