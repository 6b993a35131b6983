package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.ChildJvm;
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
    void aLimitIsChangedWhileBlocksLive() {
        MemoryAccount parent = new MemoryAccount("parent", 4_000);
        MemoryAccount account = parent.child("test", 2_000);
        assertThat(account.tryReserve(1_500)).isTrue();
        account.setMaxMemory(1_000);
        assertThat(account.maxMemory()).isEqualTo(1_000);
        assertThat(account.tightestLimit()).isEqualTo(1_000);
        assertThat(account.usedMemory()).as("what is used stays").isEqualTo(1_500);
        assertThat(account.tryReserve(1)).isFalse();
        assertThat(account.isOver(0)).isTrue();
        account.release(600);
        assertThat(account.tryReserve(100)).isTrue();
        assertThat(account.reserve(1)).isSameAs(account);
        account.setMaxMemory(Long.MAX_VALUE);
        assertThat(account.leastRoom()).isSameAs(parent);
        assertThat(account.tryReserve(3_000)).isTrue();
        assertThat(account.reserve(1)).as("that of the parent holds").isSameAs(parent);
        account.release(4_000);
        assertThat(parent.usedMemory()).isZero();
        for (long wrong : new long[] {0, -1, Long.MIN_VALUE}) {
            assertThatThrownBy(() -> account.setMaxMemory(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Long.toString(wrong));
        }
        assertThatThrownBy(() -> new MemoryAccount("free", 0).setMaxMemory(1_000))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("free");
    }

    /** With threads that reserve and release: never more than the highest limit, and nothing is left over. */
    @Test
    void aLimitIsChangedWhileThreadsReserve() throws InterruptedException {
        MemoryAccount account = new MemoryAccount("parent", 1 << 20).child("test", 10_000);
        AtomicBoolean done = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        AtomicLong granted = new AtomicLong();
        for (int number = 0; number < 4; number++) {
            SplittableRandom random = new SplittableRandom(number);
            threads.add(Thread.ofPlatform().start(() -> {
                while (!done.get()) {
                    long bytes = random.nextInt(3_000);
                    if (account.tryReserve(bytes)) {
                        granted.incrementAndGet();
                        account.release(bytes);
                    }
                }
            }));
        }
        for (int change = 0; change < 20_000 || granted.get() < 1_000; change++) {
            account.setMaxMemory(change % 2 == 0 ? 1_000 : 10_000);
        }
        done.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(granted.get()).isPositive();
        assertThat(account.usedMemory()).isZero();
        assertThat(account.peakMemory()).isLessThanOrEqualTo(10_000);
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
    void whatIsRefusedRaisesNoPeak() {
        MemoryAccount root = new MemoryAccount("root", 1_000);
        MemoryAccount middle = root.child("middle", 2_000);
        MemoryAccount leaf = middle.child("leaf", 0);
        assertThat(leaf.tryReserve(300)).isTrue();
        assertThat(leaf.reserve(800)).isSameAs(root);
        assertThat(leaf.reserve(1_800)).isSameAs(middle);
        assertThat(leaf.tryAllocate(1L << 60)).isEqualTo(MemoryAccount.OVER_LIMIT);
        for (MemoryAccount account : List.of(leaf, middle, root)) {
            assertThat(account.usedMemory()).isEqualTo(300);
            assertThat(account.peakMemory()).as(account.path()).isEqualTo(300);
        }
        leaf.release(300);
    }

    /** An account without a limit refuses nothing, also not what no process can have. */
    @Test
    void aSizeThatCannotBeHadIsLackOfMemoryAndNotCharged() {
        MemoryAccount account = new MemoryAccount("test", 0);
        assertThat(account.tryReserve(100)).isTrue();
        for (long bytes : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 60}) {
            assertThat(account.tryAllocate(bytes)).isEqualTo(MemoryAccount.NO_MEMORY);
            assertThat(account.tryAllocateZeroed(bytes)).isEqualTo(MemoryAccount.NO_MEMORY);
        }
        assertThat(account.peakMemory()).isEqualTo(100);
        account.release(100);
        assertThatThrownBy(() -> account.reserve(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(account.usedMemory()).isZero();
    }

    /** One thread's charges are all refused by the parent, while another's are small and granted. */
    @Test
    void aRefusalUnderWayRaisesNoPeakOfOthers() throws InterruptedException {
        MemoryAccount parent = new MemoryAccount("parent", 1_000);
        MemoryAccount child = parent.child("child", 10_000);
        assertThat(parent.tryReserve(500)).isTrue();
        AtomicBoolean done = new AtomicBoolean();
        Thread refused = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                if (child.reserve(900) != parent) {
                    throw new AssertionError("900 bytes were granted, or refused by the child");
                }
            }
        });
        try {
            for (int round = 0; round < 300_000; round++) {
                assertThat(child.tryReserve(10)).isTrue();
                child.release(10);
            }
        } finally {
            done.set(true);
            refused.join();
        }
        assertThat(child.peakMemory()).isEqualTo(10);
        assertThat(parent.peakMemory()).isEqualTo(510);
        assertThat(child.usedMemory()).isZero();
        assertThat(child.tryReserve(500)).isTrue();
        parent.release(500);
        child.release(500);
    }

    /** The parent is full one moment and empty the next; the child, which has room always, never refuses. */
    @Test
    void namesWhoReallyRefused() throws InterruptedException {
        MemoryAccount parent = new MemoryAccount("parent", 1_000);
        MemoryAccount child = parent.child("child", 2_000);
        AtomicBoolean done = new AtomicBoolean();
        Thread toggling = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                if (parent.tryReserve(1_000)) {
                    parent.release(1_000);
                }
            }
        });
        try {
            for (int round = 0; round < 300_000; round++) {
                MemoryAccount refusing = child.reserve(10);
                if (refusing == null) {
                    child.release(10);
                } else {
                    assertThat(refusing).isSameAs(parent);
                }
            }
        } finally {
            done.set(true);
            toggling.join();
        }
        assertThat(child.leastRoom()).isSameAs(parent);
        assertThat(child.child("grandchild", 5).leastRoom().maxMemory()).isEqualTo(5);
        assertThat(new MemoryAccount("free", 0).leastRoom().maxMemory()).isZero();
    }

    /** A look-up costs as much as the rest of a free. */
    @Test
    @Tag("process")
    void asksABackendOnceForASizeAndTellsItWhatItWasTold() throws Exception {
        ChildJvm.Result result = ChildJvm.of(AccountLookupsProbe.class)
                .property("zmalloc.allocator", AccountLookupsProbe.Counting.class.getName())
                .run();
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("take")).isEqualTo("1");
        assertThat(result.value("free")).isEqualTo("1");
        assertThat(result.value("told")).isEqualTo("100");
        assertThat(result.value("used")).isEqualTo("0");
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
