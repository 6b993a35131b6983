package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.zmalloc.allocator.NativeMemoryMisuseError.Kind;
import dev.zmalloc.ffi.Memory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WatchingAllocatorTest {
    private static Allocator backend;

    private final Allocator track = DebugLevel.TRACK.around(backend);
    private final GuardedAllocator guard = (GuardedAllocator) DebugLevel.GUARD.around(backend);

    @BeforeAll
    static void openBackend() {
        backend = Allocators.open("libc");
    }

    @Test
    void refusesASecondFreeAndTellsOfTheFirst() {
        for (Allocator allocator : List.of(track, guard)) {
            long address = allocator.allocate(100);
            allocator.free(address, 100);
            NativeMemoryMisuseError error = misuse(() -> allocator.free(address));
            assertThat(error.kind()).isEqualTo(Kind.DOUBLE_FREE);
            assertThat(error)
                    .hasMessageContaining("0x" + Long.toHexString(address))
                    .hasMessageContaining("a block of 100 bytes, taken by thread")
                    .hasMessageContaining("freed first by thread")
                    .hasMessageContaining("WatchingAllocatorTest.refusesASecondFree");
            String first = error.getMessage().substring(error.getMessage().indexOf("freed first"));
            assertThat(first)
                    .contains(
                            allocator instanceof GuardedAllocator
                                    ? "WatchingAllocatorTest.refusesASecondFree"
                                    : "; zmalloc.debug=guard tells where");
        }
    }

    /** Four thousand frees are remembered, the same address among them more than once. */
    @Test
    void tellsAForeignAddressFromAFreeOfLongAgo() {
        BlockRegistry registry = new BlockRegistry(false);
        for (long address = 1; address <= 5_000; address++) {
            for (int time = 0; time < 2; time++) {
                registry.add(BlockRegistry.Block.taken(address, 10 + time, 10 + time, 0));
                registry.remove(address);
            }
        }
        assertThat(misuse(() -> registry.remove(2_900)).kind()).isEqualTo(Kind.FOREIGN_ADDRESS);
        NativeMemoryMisuseError error = misuse(() -> registry.remove(3_000));
        assertThat(error.kind()).isEqualTo(Kind.DOUBLE_FREE);
        assertThat(error).hasMessageContaining("a block of 11 bytes").hasMessageContaining("tellsAForeignAddress");
    }

    @Test
    void refusesAddressesThatAreNoBlocks() {
        for (Allocator allocator : List.of(track, guard)) {
            long address = allocator.allocate(100);
            for (long foreign : new long[] {address + 16, address - 16, 12345}) {
                assertThat(misuse(() -> allocator.free(foreign)).kind()).isEqualTo(Kind.FOREIGN_ADDRESS);
                assertThat(misuse(() -> allocator.usableBytes(foreign)).kind()).isEqualTo(Kind.FOREIGN_ADDRESS);
                assertThat(misuse(() -> allocator.reallocate(foreign, 5)).kind())
                        .isEqualTo(Kind.FOREIGN_ADDRESS);
            }
            allocator.free(address);
        }
    }

    @Test
    void refusesAWrongSizeAndKeepsTheBlock() {
        for (Allocator allocator : List.of(track, guard)) {
            long address = allocator.allocate(100);
            NativeMemoryMisuseError error = misuse(() -> allocator.free(address, 64));
            assertThat(error.kind()).isEqualTo(Kind.WRONG_SIZE);
            assertThat(error).hasMessageContaining("with 64 bytes").hasMessageContaining("a block of 100 bytes");
            assertThat(misuse(() -> allocator.free(address, 5000)).kind()).isEqualTo(Kind.WRONG_SIZE);
            allocator.free(address, allocator.usableBytes(address));
        }
    }

    /** An allocator may keep aligned blocks elsewhere than plain ones of their size. */
    @Test
    void refusesAnotherAlignmentAndKeepsTheBlock() {
        for (Allocator allocator : List.of(track, guard)) {
            long plain = allocator.allocate(100);
            long aligned = allocator.allocateAligned(100, 64);
            assertWrongAlignment(() -> allocator.free(aligned, 100), "with none, and not 64 bytes");
            assertWrongAlignment(() -> allocator.freeUncached(aligned, 100), "with none, and not 64 bytes");
            assertWrongAlignment(() -> allocator.freeAligned(aligned, 100, 16), "with 16 bytes, and not 64 bytes");
            assertWrongAlignment(() -> allocator.freeAligned(plain, 100, 64), "with 64 bytes, and not none");
            allocator.free(plain, 100);
            allocator.freeAligned(aligned, allocator.usableBytes(aligned), 64);
        }
    }

    private static void assertWrongAlignment(ThrowingCallable call, String alignments) {
        NativeMemoryMisuseError error = misuse(call);
        assertThat(error.kind()).isEqualTo(Kind.WRONG_ALIGNMENT);
        assertThat(error).hasMessageContaining(alignments).hasMessageContaining("a block of 100 bytes");
    }

    @Test
    void findsWritesInFrontAndBehind() {
        for (long alignmentBytes : new long[] {0, 64, 4096}) {
            long address = alignmentBytes == 0 ? guard.allocate(100) : guard.allocateAligned(100, alignmentBytes);
            guard.check();
            assertDamage(address + 100, Kind.OVERRUN, "0 bytes behind its end", address);
            assertDamage(address + 115, Kind.OVERRUN, "15 bytes behind its end", address);
            assertDamage(address - 1, Kind.UNDERRUN, "1 bytes in front of it", address);
            assertDamage(address - 32, Kind.UNDERRUN, "32 bytes in front of it", address);
            guard.free(address);
        }
    }

    private void assertDamage(long written, Kind kind, String where, long address) {
        byte zone = Memory.getByte(written);
        Memory.putByte(written, (byte) 1);
        for (ThrowingCallable look : List.<ThrowingCallable>of(
                guard::check, () -> guard.free(address), () -> guard.reallocate(address, 10))) {
            NativeMemoryMisuseError error = misuse(look);
            assertThat(error.kind()).isEqualTo(kind);
            assertThat(error).hasMessageContaining(where).hasMessageContaining("a block of 100 bytes");
        }
        Memory.putByte(written, zone);
        guard.check();
    }

    @Test
    void findsWritesAfterTheFree() {
        long address = guard.allocate(100);
        guard.free(address);
        Memory.putByte(address + 40, (byte) 0);
        NativeMemoryMisuseError error = misuse(guard::check);
        assertThat(error.kind()).isEqualTo(Kind.WRITE_AFTER_FREE);
        assertThat(error).hasMessageContaining("at offset 40").hasMessageContaining("findsWritesAfterTheFree");
        Memory.putByte(address + 40, Quarantine.FREED);
        guard.check();
    }

    @Test
    void fillsWhatIsTakenAndWhatIsFreed() {
        long address = guard.allocate(64);
        assertThat(GuardedAllocator.firstOther(address, 64, (byte) 0xA5)).isEqualTo(-1);
        long moved = guard.reallocate(address, 128);
        assertThat(moved).isNotEqualTo(address);
        assertThat(GuardedAllocator.firstOther(address, 64, Quarantine.FREED)).isEqualTo(-1);
        guard.free(moved);
        long zeroed = guard.allocateZeroed(64);
        assertThat(GuardedAllocator.firstOther(zeroed, 64, (byte) 0)).isEqualTo(-1);
        guard.free(zeroed);
    }

    @Test
    void reallocKeepsTheContentAndAFailedOneTheBlock() {
        for (Allocator allocator : List.of(track, guard)) {
            long address = allocator.allocate(16);
            Memory.putLong(address, 42);
            assertThat(allocator.reallocate(address, 1L << 60)).isZero();
            assertThat(Memory.getLong(address)).isEqualTo(42);
            long moved = allocator.reallocate(address, 1 << 20);
            assertThat(Memory.getLong(moved)).isEqualTo(42);
            allocator.free(moved);
        }
    }

    @Test
    void alignsAndSizesExactly() {
        for (long alignmentBytes = 8; alignmentBytes <= 8192; alignmentBytes *= 2) {
            for (long bytes : new long[] {1, 100, 5000}) {
                long address = guard.allocateAligned(bytes, alignmentBytes);
                assertThat(address % alignmentBytes).isZero();
                assertThat(guard.usableBytes(address))
                        .isEqualTo(bytes)
                        .isEqualTo(guard.alignedUsableBytesBound(bytes, alignmentBytes));
                guard.freeAligned(address, bytes, alignmentBytes);
            }
        }
        assertThat(guard.usableBytesBound(Long.MAX_VALUE - 1)).isZero();
        assertThat(guard.allocate(Long.MAX_VALUE - 1)).isZero();
    }

    /** More is freed than the quarantine holds, from several threads, while others look for damage. */
    @Test
    void holdsUnderThreads() throws InterruptedException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            boolean checks = number == 3;
            threads.add(Thread.ofPlatform()
                    .uncaughtExceptionHandler((thread, thrown) -> failure.compareAndSet(null, thrown))
                    .start(() -> {
                        for (int round = 0; round < (checks ? 100 : 10_000); round++) {
                            if (checks) {
                                guard.check();
                            } else {
                                long address = guard.allocate(1 + round % 5_000);
                                guard.free(address);
                            }
                        }
                    }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(guard.report().sites()).isEmpty();
    }

    @Test
    void reportsWhatIsHeldByWhereItWasTaken() {
        for (Allocator allocator : List.of(track, guard)) {
            List<Long> blocks = new ArrayList<>();
            for (int block = 0; block < 10; block++) {
                blocks.add(takeSmall(allocator));
            }
            blocks.add(takeLarge(allocator));
            LeakReport report = ((WatchingAllocator) allocator).report();
            assertThat(report.isEstimate()).isFalse();
            assertThat(report.sites()).hasSize(2);
            assertThat(report.blocks()).isEqualTo(11);
            assertThat(report.bytes()).isEqualTo(10 * 24 + 1000);
            assertThat(report.sites().get(0).frames().get(0).getMethodName()).isEqualTo("takeLarge");
            assertThat(report.sites().get(1).blocks()).isEqualTo(10);
            assertThat(report.toString())
                    .startsWith("zmalloc: 1,240 bytes are held in 11 blocks, taken at 2 places")
                    .contains("240 bytes in 10 blocks, taken")
                    .contains("at dev.zmalloc.allocator.WatchingAllocatorTest.takeSmall");
            blocks.forEach(allocator::free);
            assertThat(((WatchingAllocator) allocator).report()).hasToString("zmalloc: no native memory is held");
        }
    }

    /** 200 MiB in blocks of two sizes: the estimate of each place is within a third. */
    @Test
    void estimatesWhatIsHeldFromASample() {
        SamplingAllocator sample = (SamplingAllocator) DebugLevel.SAMPLE.around(backend);
        List<Long> blocks = new ArrayList<>();
        for (int block = 0; block < 100_000; block++) {
            blocks.add(sampleSmall(sample));
        }
        for (int block = 0; block < 100; block++) {
            blocks.add(sampleLarge(sample));
        }
        LeakReport report = sample.report();
        assertThat(report.isEstimate()).isTrue();
        assertThat(report.sites()).hasSize(2);
        LeakReport.Site large = site(report, "sampleLarge");
        LeakReport.Site small = site(report, "sampleSmall");
        assertThat(large.bytes()).isBetween(70L << 20, 130L << 20);
        assertThat(small.bytes()).isBetween(66L << 20, 130L << 20);
        assertThat(small.blocks()).isBetween(66_000L, 134_000L);
        assertThat(report.toString()).startsWith("zmalloc: about ");
        blocks.forEach(sample::free);
        assertThat(sample.report().sites()).isEmpty();
    }

    /** Half a gibibyte on four threads, half of which is freed by another: the estimate is within a fifth. */
    @Test
    void estimatesWhatThreadsTakeTogether() throws InterruptedException {
        AllocationSampler sampler = AllocationSampler.create();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            long from = 1L << (40 + number);
            threads.add(Thread.ofPlatform().start(() -> {
                for (long address = from; address < from + (1 << 27); address += 128) {
                    sampler.taken(address, 128);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(LeakReport.of(sampler.sampledBlocks(), true).bytes()).isBetween(410L << 20, 615L << 20);
        for (int number = 0; number < 4; number++) {
            for (long address = 1L << (40 + number); address < (1L << (40 + number)) + (1 << 26); address += 128) {
                sampler.freed(address);
            }
        }
        assertThat(LeakReport.of(sampler.sampledBlocks(), true).bytes()).isBetween(180L << 20, 330L << 20);
    }

    @Test
    void reportsWhatWasTakenOrResizedSinceAMark() {
        for (Allocator allocator : List.of(track, guard)) {
            long old = allocator.allocate(100);
            long resized = allocator.allocate(100);
            long mark = NativeMemoryDebug.mark();
            long later = allocator.allocate(30);
            allocator.free(allocator.allocate(10_000));
            resized = allocator.reallocate(resized, 70);
            LeakReport report = ((WatchingAllocator) allocator).reportSince(mark);
            assertThat(report.blocks()).isEqualTo(2);
            assertThat(report.bytes()).isEqualTo(100);
            assertThat(((WatchingAllocator) allocator).report().bytes()).isEqualTo(200);
            assertThat(((WatchingAllocator) allocator)
                            .reportSince(NativeMemoryDebug.mark())
                            .sites())
                    .isEmpty();
            allocator.free(old);
            allocator.free(resized);
            allocator.free(later);
        }
    }

    /** Or a million blocks of one place would need gigabytes of heap. */
    @Test
    void blocksOfOneSiteShareItsStack() {
        long[] addresses = new long[2];
        for (int block = 0; block < addresses.length; block++) {
            addresses[block] = takeSmall(track);
        }
        List<AllocationSite> sites = ((WatchingAllocator) track)
                .blocks().stream().map(BlockRegistry.Block::site).toList();
        assertThat(sites).hasSize(2);
        assertThat(sites.get(0)).isSameAs(sites.get(1));
        track.free(addresses[0]);
        track.free(addresses[1]);
    }

    private static LeakReport.Site site(LeakReport report, String method) {
        return report.sites().stream()
                .filter(site -> site.frames().get(0).getMethodName().equals(method))
                .findFirst()
                .orElseThrow();
    }

    private static long takeSmall(Allocator allocator) {
        return allocator.allocate(24);
    }

    private static long takeLarge(Allocator allocator) {
        return allocator.allocate(1000);
    }

    private static long sampleSmall(Allocator allocator) {
        return allocator.allocate(1 << 10);
    }

    private static long sampleLarge(Allocator allocator) {
        return allocator.allocate(1 << 20);
    }

    private static NativeMemoryMisuseError misuse(ThrowingCallable call) {
        NativeMemoryMisuseError error = catchThrowableOfType(NativeMemoryMisuseError.class, call);
        assertThat(error).isNotNull();
        return error;
    }
}
