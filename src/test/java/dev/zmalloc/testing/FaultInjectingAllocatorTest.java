package dev.zmalloc.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.Allocators;
import dev.zmalloc.allocator.ForwardingAllocator;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("fault")
class FaultInjectingAllocatorTest {
    private static final int THREADS = 4;

    private final long heldBefore = FaultInjectingAllocator.heldBytes();

    @AfterEach
    void stop() {
        FaultInjectingAllocator.stopInjecting();
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(heldBefore);
    }

    @Test
    void everyKindOfAllocationCountsAndCanFail() {
        List<LongUnaryOperator> kinds = List.of(
                block -> RawZMalloc.ztrymalloc(100),
                block -> RawZMalloc.ztrycalloc(100),
                block -> RawZMalloc.ztryrealloc(block, 10),
                block -> RawZMalloc.ztryrealloc(block, 5_000),
                block -> RawZMalloc.ztrymallocAligned(100, 256),
                block -> RawZMalloc.ztrymallocNoTcache(100));
        for (int failing = 1; failing <= kinds.size() + 1; failing++) {
            for (boolean andAllAfter : new boolean[] {false, true}) {
                try (Faults faults = andAllAfter ? Faults.fromNth(failing) : Faults.nth(failing)) {
                    long block = RawZMalloc.zmalloc(100);
                    faults.inject();
                    for (int kind = 1; kind <= kinds.size(); kind++) {
                        long address = kinds.get(kind - 1).applyAsLong(block);
                        boolean fails = andAllAfter ? kind >= failing : kind == failing;
                        assertThat(address == 0).as("%s, %s", faults, kind).isEqualTo(fails);
                        if (kind == 3 || kind == 4) {
                            block = fails ? block : address;
                        } else {
                            RawZMalloc.zfree(address);
                        }
                    }
                    RawZMalloc.zfree(block);
                    assertThat(faults.refused())
                            .isEqualTo(andAllAfter ? kinds.size() + 1 - failing : failing <= kinds.size() ? 1 : 0);
                }
            }
        }
        assertThat(RawZMalloc.zmallocHasNoTcache()).isTrue();
    }

    @Test
    void aBudgetIsOfUsableBytesAndOfWhatIsHeldAlready() {
        long block = RawZMalloc.zmalloc(100);
        long usableBytes = RawZMalloc.zmallocSize(block);
        long held = FaultInjectingAllocator.heldBytes();
        assertThat(held).isEqualTo(heldBefore + usableBytes);

        Faults.overBudget(held + usableBytes - 1).inject();
        assertThat(RawZMalloc.ztrymalloc(100)).isZero();
        assertThat(RawZMalloc.ztrymallocAligned(100, 64)).isZero();
        Faults.overBudget(held + usableBytes).inject();
        long second = RawZMalloc.ztrymalloc(100);
        assertThat(second).isNotZero();
        assertThat(RawZMalloc.ztrymalloc(1)).isZero();
        RawZMalloc.zfree(second);
        assertThat(FaultInjectingAllocator.stopInjecting()).isEqualTo(1);
        RawZMalloc.zfree(block);
    }

    @Test
    void aResizeCountsByTheDifference() {
        long block = RawZMalloc.zmalloc(1 << 20);
        try (Faults faults = Faults.overBudget(FaultInjectingAllocator.heldBytes() + (600 << 10))
                .inject()) {
            block = RawZMalloc.ztryrealloc(block, (1 << 20) + (512 << 10));
            assertThat(block).isNotZero();
            assertThat(RawZMalloc.ztryrealloc(block, 2 << 20)).isZero();
            assertThat(faults.refused()).isEqualTo(1);
        }
        try (Faults faults = Faults.overBudget(0).inject()) {
            block = RawZMalloc.ztryrealloc(block, 1 << 20);
            assertThat(block).as("a smaller one takes nothing").isNotZero();
            assertThat(RawZMalloc.ztrymalloc(1)).isZero();
            assertThat(faults.refused()).isEqualTo(1);
        }
        RawZMalloc.zfree(block);
    }

    /** Backends that know sizes beforehand, and one that only bounds them. */
    @ParameterizedTest
    @ValueSource(strings = {"jemalloc", "libc"})
    void neverMoreThanTheBudgetIsHeldWhateverTheThreadsDo(String name) throws InterruptedException {
        FaultInjectingAllocator allocator = new FaultInjectingAllocator(Allocators.open(name));
        long budget = heldBefore + (2 << 20);
        AtomicLong live = new AtomicLong();
        AtomicLong highest = new AtomicLong();
        FaultInjectingAllocator.resetHighest();
        Faults faults = Faults.overBudget(budget).inject();
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            SplittableRandom random = new SplittableRandom(thread);
            threads.add(Thread.ofPlatform().start(() -> churn(allocator, random, live, highest)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(faults.refused()).isPositive();
        assertThat(FaultInjectingAllocator.highestHeldBytes()).isBetween(budget - (200 << 10), budget);
        assertThat(highest.get()).as("counted on this side").isBetween(1L << 20, 2L << 20);
        assertThat(live).hasValue(0);
    }

    private static void churn(
            FaultInjectingAllocator allocator, SplittableRandom random, AtomicLong live, AtomicLong high) {
        long[] blocks = new long[100];
        for (int round = 0; round < 60_000; round++) {
            int index = random.nextInt(blocks.length);
            long old = blocks[index];
            long oldBytes = old == 0 ? 0 : allocator.usableBytes(old);
            long bytes = 1 + random.nextLong(random.nextInt(8) == 0 ? 200_000 : 10_000);
            if (old == 0) {
                blocks[index] = switch (random.nextInt(4)) {
                    case 0 -> allocator.allocate(bytes);
                    case 1 -> allocator.allocateZeroed(bytes);
                    case 2 -> allocator.allocateUncached(bytes);
                    default -> allocator.allocateAligned(bytes, 16L << random.nextInt(5));
                };
                if (blocks[index] != 0) {
                    count(allocator.usableBytes(blocks[index]), live, high);
                }
            } else if (random.nextBoolean()) {
                live.addAndGet(-oldBytes); // before the call, or another thread could have the bytes as well
                long moved = allocator.reallocate(old, bytes);
                blocks[index] = moved == 0 ? old : moved;
                count(allocator.usableBytes(blocks[index]), live, high);
            } else {
                live.addAndGet(-oldBytes);
                blocks[index] = 0;
                if (random.nextBoolean()) {
                    allocator.freeAny(old, oldBytes);
                } else {
                    allocator.free(old);
                }
            }
        }
        for (long block : blocks) {
            if (block != 0) {
                live.addAndGet(-allocator.usableBytes(block));
                allocator.free(block);
            }
        }
    }

    private static void count(long bytes, AtomicLong live, AtomicLong high) {
        high.accumulateAndGet(live.addAndGet(bytes), Math::max);
    }

    /** A backend whose blocks have more than it said, as one may have at the end of its address space. */
    @Test
    void aBackendThatGivesMoreThanItSaysKeepsToTheBudgetToo() {
        Allocator backend = Allocators.open("jemalloc");
        FaultInjectingAllocator allocator = new FaultInjectingAllocator(sayingHalf(backend));
        Faults faults = Faults.overBudget(heldBefore + 1_000).inject();
        assertThat(allocator.allocate(1_024)).isZero();
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(heldBefore);
        long address = allocator.allocate(896);
        assertThat(address).isNotZero();
        assertThat(FaultInjectingAllocator.heldBytes()).isEqualTo(heldBefore + 896);
        allocator.free(address);
        assertThat(faults.refused()).isEqualTo(1);
        faults.close();
    }

    private static Allocator sayingHalf(Allocator backend) {
        return (Allocator) Proxy.newProxyInstance(
                Allocator.class.getClassLoader(), new Class<?>[] {Allocator.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(backend, arguments);
                    return switch (method.getName()) {
                        case "usableBytesBound" -> (long) result / 2;
                        case "usableBytesExact" -> false;
                        default -> result;
                    };
                });
    }

    @Test
    void chanceIsReproducible() {
        String first = outcomes(Faults.atRandom(0.1, 42));
        assertThat(outcomes(Faults.atRandom(0.1, 42))).isEqualTo(first);
        assertThat(outcomes(Faults.atRandom(0.1, 43))).isNotEqualTo(first);
        assertThat(first.chars().filter(it -> it == 'x').count()).isBetween(150L, 250L);
        assertThat(outcomes(Faults.atRandom(0, 42))).doesNotContain("x");
        assertThat(outcomes(Faults.atRandom(1, 42))).doesNotContain("o");
        assertThat(Faults.atRandom(0.1, 42)).hasToString("allocations fail with probability 0.1, seed 42");

        Faults chosen = Faults.atRandom(0.5);
        String seed = chosen.toString().replaceFirst(".* seed ", "");
        assertThat(outcomes(chosen)).isEqualTo(outcomes(Faults.atRandom(0.5, Long.parseLong(seed))));
    }

    private static String outcomes(Faults faults) {
        StringBuilder outcomes = new StringBuilder();
        try (Faults injected = faults.inject()) {
            for (int number = 0; number < 2_000; number++) {
                long address = RawZMalloc.ztrymalloc(10);
                outcomes.append(address == 0 ? 'x' : 'o');
                RawZMalloc.zfree(address);
            }
            assertThat(injected.refused())
                    .isEqualTo(outcomes.chars().filter(it -> it == 'x').count());
        }
        return outcomes.toString();
    }

    @Test
    void faultsOfOneThreadLeaveOthersAlone() throws InterruptedException {
        try (Faults faults = Faults.fromNth(2).onThisThread().inject()) {
            Thread other = Thread.ofPlatform().start(() -> {
                for (int number = 0; number < 100; number++) {
                    RawZMalloc.zfree(RawZMalloc.zmalloc(10));
                }
            });
            other.join();
            RawZMalloc.zfree(RawZMalloc.zmalloc(10));
            assertThat(RawZMalloc.ztrymalloc(10)).isZero();
            assertThat(faults.refused()).isEqualTo(1);
            assertThat(faults.toString())
                    .endsWith(" on thread " + Thread.currentThread().getName());
        }
        RawZMalloc.zfree(RawZMalloc.zmalloc(10));
    }

    @Test
    void theLastInjectedAreInForceUntilTheyAreClosed() {
        Faults first = Faults.fromNth(1).inject();
        Faults second = Faults.fromNth(1).inject();
        first.close();
        assertThat(RawZMalloc.ztrymalloc(10)).isZero();
        second.close();
        RawZMalloc.zfree(RawZMalloc.zmalloc(10));
        assertThat(first.refused()).isZero();
        assertThat(second.refused()).isEqualTo(1);
        assertThat(FaultInjectingAllocator.stopInjecting()).isZero();
    }

    @Test
    void aSizeThatTheBlockCannotHaveIsRefused() {
        ForwardingAllocator allocator = (ForwardingAllocator) ZMalloc.allocator();
        long address = allocator.allocate(1_000);
        assertThatThrownBy(() -> allocator.free(address, 500))
                .isInstanceOf(AssertionError.class)
                .hasMessage("a block of 1024 usable bytes is freed with 500");
        assertThatThrownBy(() -> allocator.freeUncached(address, 5_000)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> allocator.freeAligned(address, 1_000, 8)).isInstanceOf(AssertionError.class);
        allocator.free(address, 1_000);
    }
}
