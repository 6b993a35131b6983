package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("core")
class MemoryAccountTest {
    @Test
    void countsUsableBytesBesideTheProcess() {
        MemoryAccount account = new MemoryAccount("test", 0);
        long before = ZMalloc.zmallocUsedMemory();
        long block = account.tryAllocate(100);
        assertThat(account.usedMemory()).isEqualTo(RawZMalloc.zmallocSize(block));
        assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(account.usedMemory());
        assertThat(account.free(block, 100)).isPositive();
        assertThat(account.usedMemory()).isZero();
    }

    @Test
    void refusesWhatPassesTheLimitAndChargesNothing() {
        MemoryAccount account = new MemoryAccount("test", 1000);
        assertThat(account.tryAllocate(2000)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.tryAllocateZeroed(1L << 60)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.tryAllocate(-1)).isEqualTo(MemoryAccount.OVER_LIMIT);
        assertThat(account.usedMemory()).isZero();
        assertThat(account.tryReserve(1000)).isTrue();
        assertThat(account.tryReserve(1)).isFalse();
        assertThat(account.isOver(1)).isTrue();
        assertThat(account.isOver(0)).isFalse();
        account.release(1000);
        assertThat(new MemoryAccount("test", 0).tryAllocate(1L << 60)).isEqualTo(MemoryAccount.NO_MEMORY);
        assertThatThrownBy(() -> new MemoryAccount("test", -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namedAccountsAreFoundByTheirName() {
        MemoryAccount sessions = MemoryAccount.named("MemoryAccountTest.sessions");
        assertThat(ZMalloc.account("MemoryAccountTest.sessions")).isSameAs(sessions);
        assertThat(MemoryAccount.allNamed()).contains(sessions);
        assertThat(sessions.child("eu", 0).path()).isEqualTo("MemoryAccountTest.sessions/eu");
        assertThat(sessions.parent()).isNull();
    }

    @Test
    void parentsSumTheirChildrenAndTheProcessStaysTrue() {
        long before = ZMalloc.zmallocUsedMemory();
        MemoryAccount parent = new MemoryAccount("parent", 0);
        MemoryAccount left = parent.child("left", 0);
        MemoryAccount right = parent.child("right", 0);
        MemorySegment a = left.zmalloc(1_000);
        MemorySegment b = right.zcalloc(50);
        MemorySegment c = parent.zmalloc(7);
        assertThat(left.usedMemory()).isEqualTo(ZMalloc.zmallocSize(a));
        assertThat(right.usedMemory()).isEqualTo(ZMalloc.zmallocSize(b));
        assertThat(parent.usedMemory()).isEqualTo(left.usedMemory() + right.usedMemory() + ZMalloc.zmallocSize(c));
        assertThat(ZMalloc.zmallocUsedMemory() - before).isEqualTo(parent.usedMemory());
        long peak = parent.usedMemory();
        left.zfree(a);
        right.zfree(b);
        parent.zfree(c);
        parent.zfree(MemorySegment.NULL);
        assertThat(parent.usedMemory()).isZero();
        assertThat(parent.peakMemory()).isGreaterThanOrEqualTo(peak).isLessThan(peak + 100);
        parent.resetPeak();
        assertThat(parent.peakMemory()).isZero();
    }

    @Test
    void aChildKeepsTheLimitsAboveIt() {
        MemoryAccount parent = new MemoryAccount("parent", 1_000);
        MemoryAccount left = parent.child("left", 0);
        MemoryAccount right = parent.child("right", 600);
        assertThat(left.tightestLimit()).isEqualTo(1_000);
        assertThat(right.tightestLimit()).isEqualTo(600);
        assertThat(new MemoryAccount("free", 0).tightestLimit()).isEqualTo(Long.MAX_VALUE);
        assertThat(left.tryReserve(500)).isTrue();
        assertThat(right.tryReserve(550)).isFalse();
        assertThat(right.usedMemory()).isZero();
        assertThat(right.refusing(550)).isSameAs(parent);
        assertThat(right.refusing(601)).isSameAs(right);
        assertThat(right.tryReserve(500)).isTrue();
        assertThat(left.ztrymalloc(10)).isEqualTo(MemorySegment.NULL);
        assertThatThrownBy(() -> left.zmalloc(10)).isInstanceOf(NativeOutOfMemoryError.class);
        left.release(500);
        right.release(500);
        assertThat(parent.usedMemory()).isZero();
    }

    @Test
    void holdsTheLimitAgainstManyThreads() throws InterruptedException {
        long limit = 64 << 10;
        MemoryAccount account = new MemoryAccount("test", limit);
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
