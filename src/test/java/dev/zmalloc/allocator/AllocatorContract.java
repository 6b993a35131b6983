package dev.zmalloc.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.RawZMalloc;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.ffi.Memory;
import dev.zmalloc.fixtures.ChildJvm;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What every backend must hold to. A subclass names the backend, and runs in a JVM of its own, whose memory all comes
 * from there.
 */
@Tag("backend")
abstract class AllocatorContract {
    /** A block that has more bytes than 32 bits can count. */
    private static final long BEYOND_4_GIB = (4L << 30) + 4097;

    private static final long LARGEST_BYTES = 64 << 20;
    private static final long[] ABSURD = {Long.MAX_VALUE - 1, Long.MAX_VALUE / 2, 1L << 62, 1L << 56, 1L << 50, 1L << 48
    };

    /** The backend under test, always the same one. */
    abstract Allocator allocator();

    /** Sets in another JVM what makes this backend serve there. */
    ChildJvm serving(ChildJvm child) {
        return child.environment("GLIBC_TUNABLES", "glibc.rtld.optional_static_tls=16384")
                .property(Allocators.ALLOCATOR_PROPERTY, allocator().name());
    }

    /** All sizes to a page, then each power of two and 5, 6, 7 quarters of it, and the sizes next to those. */
    static LongStream sizesAcrossClasses() {
        LongStream small = LongStream.rangeClosed(1, 4096);
        LongStream large = LongStream.iterate(4096, power -> power < LARGEST_BYTES, power -> power * 2)
                .flatMap(power -> LongStream.rangeClosed(4, 7).map(quarters -> power / 4 * quarters))
                .flatMap(size -> LongStream.of(size - 17, size - 8, size - 1, size, size + 1, size + 9));
        return LongStream.concat(small, large);
    }

    @Test
    void tellsUsableBytesBeforehand() {
        sizesAcrossClasses().forEach(size -> {
            long address = allocator().allocate(size);
            long usableBytes = allocator().usableBytes(address);
            checkBound(size, usableBytes);
            allocator().free(address, usableBytes);

            long zeroed = allocator().allocateZeroed(size);
            checkBound(size, allocator().usableBytes(zeroed));
            allocator().free(zeroed);
        });
    }

    @Test
    void tellsUsableBytesBeforehandAmongRandomFrees() {
        // Freed blocks of all sizes are what makes an allocator hand out more than it would from fresh memory.
        SplittableRandom random = new SplittableRandom(20);
        long[] live = new long[4096];
        for (int round = 0; round < 200_000; round++) {
            int index = random.nextInt(live.length);
            if (live[index] != 0) {
                allocator().free(live[index]);
            }
            long size = randomSize(random);
            live[index] = random.nextInt(8) == 0
                    ? allocator().allocateZeroed(size)
                    : allocator().allocate(size);
            checkBound(size, allocator().usableBytes(live[index]));
        }
        for (long address : live) {
            if (address != 0) {
                allocator().free(address);
            }
        }
    }

    final void checkBound(long size, long usableBytes) {
        long bound = allocator().usableBytesBound(size);
        if (usableBytes < size || usableBytes > bound || (allocator().usableBytesExact() && usableBytes != bound)) {
            throw new AssertionError(size + " bytes requested, " + bound + " told, " + usableBytes + " given");
        }
    }

    /** Mostly small; one in a hundred up to a mebibyte, and one in five thousand up to 64. */
    private static long randomSize(SplittableRandom random) {
        int exponent = switch (random.nextInt(5_000)) {
            case 0 -> 26;
            case 1, 2, 3 -> 23;
            default -> random.nextInt(100) == 0 ? 20 : random.nextInt(4, 14);
        };
        return 1 + random.nextLong(1L << exponent);
    }

    @Test
    void everyUsableByteCanBeWritten() {
        List<Long> live = new ArrayList<>();
        SplittableRandom random = new SplittableRandom(21);
        for (int round = 0; round < 5_000; round++) {
            long address = allocator().allocate(randomSize(random));
            Memory.fill(address, allocator().usableBytes(address), (byte) round);
            live.add(address);
        }
        for (int round = 0; round < live.size(); round++) {
            long address = live.get(round);
            long usableBytes = allocator().usableBytes(address);
            checkFilled(address, usableBytes, (byte) round);
            allocator().free(address, usableBytes);
        }
    }

    private static void checkFilled(long address, long bytes, byte value) {
        long wrong = GuardedAllocator.firstOther(address, bytes, value);
        if (wrong >= 0) {
            throw new AssertionError(
                    "byte " + wrong + " of " + bytes + " is " + Memory.getByte(address + wrong) + " and not " + value);
        }
    }

    @Test
    void zeroesBlocksThatWereDirty() {
        SplittableRandom random = new SplittableRandom(22);
        for (int round = 0; round < 5_000; round++) {
            long size = randomSize(random);
            long dirty = allocator().allocate(size);
            Memory.fill(dirty, allocator().usableBytes(dirty), (byte) 0xA5);
            allocator().free(dirty);
            long zeroed = allocator().allocateZeroed(size);
            checkFilled(zeroed, size, (byte) 0);
            allocator().free(zeroed);
        }
    }

    @Test
    void reallocationKeepsContent() {
        SplittableRandom random = new SplittableRandom(23);
        for (int round = 0; round < 5_000; round++) {
            long size = randomSize(random);
            long address = allocator().allocate(size);
            writePlaces(address, 0, size);
            for (int step = 0; step < 4; step++) {
                long nextSize = randomSize(random);
                address = allocator().reallocate(address, nextSize);
                checkResized(nextSize, address);
                checkPlaces(address, Math.min(size, nextSize));
                writePlaces(address, Math.min(size, nextSize), nextSize);
                size = nextSize;
            }
            allocator().free(address);
        }
    }

    /** Writes to each byte what follows from its place in the block, so that content moved to elsewhere shows. */
    private static void writePlaces(long address, long from, long to) {
        for (long offset = from; offset < to; offset++) {
            Memory.putByte(address + offset, place(offset));
        }
    }

    private static void checkPlaces(long address, long bytes) {
        for (long offset = 0; offset < bytes; offset++) {
            if (Memory.getByte(address + offset) != place(offset)) {
                throw new AssertionError("byte " + offset + " of " + bytes + " was not kept");
            }
        }
    }

    private static byte place(long offset) {
        return (byte) ((offset * 0x9E3779B97F4A7C15L) >>> 56);
    }

    @Test
    void freesByAnySizeFromRequestedToUsable() {
        for (long size = 1; size <= 2048; size += 7) {
            for (long told = size; told <= allocator().usableBytesBound(size); told++) {
                long address = allocator().allocate(size);
                if (told <= allocator().usableBytes(address)) {
                    allocator().free(address, told);
                } else {
                    allocator().free(address);
                }
            }
        }
    }

    @Test
    void anyThreadFreesWhatAnotherTook() throws InterruptedException {
        ConcurrentLinkedQueue<Long> blocks = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int thread = 0; thread < 8; thread++) {
            long seed = thread;
            Thread.Builder builder = thread % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            threads.add(builder.uncaughtExceptionHandler((where, thrown) -> failures.add(thrown))
                    .start(() -> exchange(blocks, new SplittableRandom(seed))));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        blocks.forEach(this::checkMarkAndFree);
    }

    private void exchange(ConcurrentLinkedQueue<Long> blocks, SplittableRandom random) {
        for (int round = 0; round < 20_000; round++) {
            long size = Math.max(16, randomSize(random));
            long address = switch (round % 3) {
                case 0 -> allocator().allocateZeroed(size);
                case 1 -> allocator().allocateAligned(size, 64);
                default -> allocator().allocate(size);
            };
            Memory.putLong(address, address);
            blocks.add(address);
            Long other = round % 4 == 0 ? null : blocks.poll();
            if (other != null) {
                checkMarkAndFree(other);
            }
        }
    }

    private void checkMarkAndFree(long address) {
        if (Memory.getLong(address) != address) {
            throw new AssertionError("block " + Long.toHexString(address) + " was handed out twice");
        }
        if ((address & 32) == 0) {
            allocator().freeAny(address, allocator().usableBytes(address));
            return;
        }
        // Resized by another thread than the one that took it, too.
        long moved = allocator().reallocate(address, 1_000);
        assertThat(Memory.getLong(moved)).isEqualTo(address);
        allocator().free(moved, 1_000);
    }

    @Test
    void answersNullToAbsurdSizes() {
        for (long size : ABSURD) {
            assertThat(allocator().allocate(size)).as("%d", size).isZero();
            assertThat(allocator().allocateZeroed(size)).as("%d", size).isZero();
        }
        assertThat(allocator().usableBytesBound(Long.MAX_VALUE - 1)).isZero();
    }

    @Test
    void failedReallocationKeepsTheBlock() {
        long address = allocator().allocate(64);
        Memory.fill(address, 64, (byte) 7);
        for (long size : ABSURD) {
            assertThat(allocator().reallocate(address, size)).isZero();
        }
        assertThat(Memory.getByte(address)).isEqualTo((byte) 7);
        assertThat(Memory.getByte(address + 63)).isEqualTo((byte) 7);
        allocator().free(address);
    }

    @Test
    void alignsToSixteenBytesFromSixteenOnAndToEightBelow() {
        sizesAcrossClasses().forEach(size -> {
            long address = allocator().allocate(size);
            long zeroed = allocator().allocateZeroed(size);
            long moved = allocator().reallocate(allocator().allocate(1), size);
            long alignment = size < 16 ? 8 : 16;
            assertThat((address | zeroed | moved) % alignment)
                    .as("%d bytes", size)
                    .isZero();
            allocator().free(address, size);
            allocator().free(zeroed, size);
            allocator().free(moved, size);
        });
    }

    @Test
    void isWhatTheFacadeServesFrom() {
        assertThat(ZMalloc.allocator()).isSameAs(allocator());
    }

    @Test
    void facadeServesNothingAsSomething() {
        for (long address : new long[] {RawZMalloc.ztrymalloc(0), RawZMalloc.ztrycalloc(0)}) {
            assertThat(address).isNotZero();
            assertThat(RawZMalloc.zmallocSize(address)).isGreaterThanOrEqualTo(8);
            Memory.putLong(address, -1);
            RawZMalloc.zfree(address);
        }
    }

    @Test
    void facadeCountsWhatWasGiven() {
        SplittableRandom random = new SplittableRandom(25);
        long before = ZMalloc.zmallocUsedMemory();
        for (int round = 0; round < 20_000; round++) {
            long size = randomSize(random);
            long address = RawZMalloc.ztrymalloc(size);
            if (round % 2 == 0) {
                address = RawZMalloc.ztryrealloc(address, randomSize(random));
            }
            long usedBytes = ZMalloc.zmallocUsedMemory() - before;
            if (usedBytes != allocator().usableBytes(address)) {
                throw new AssertionError(
                        usedBytes + " bytes counted, " + allocator().usableBytes(address) + " given");
            }
            RawZMalloc.zfree(address);
        }
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
    }

    @Test
    void facadeRefusesSizesThatOverflow() {
        for (long size : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 1}) {
            assertThat(RawZMalloc.ztrymalloc(size)).as("%d", size).isZero();
            assertThat(RawZMalloc.ztrycalloc(size)).as("%d", size).isZero();
            assertThat(RawZMalloc.ztrycalloc(2, size)).as("2 * %d", size).isZero();
        }
        assertThat(RawZMalloc.ztrycalloc(1L << 32, 1L << 32)).isZero();
    }

    /** Sizes that 31 and 32 bits count wrongly, and those next to them: first and last page, up to the last byte. */
    @Test
    void servesSizesBeyondFourGibibytes() {
        for (long power = 128 << 20; power <= 4L << 30; power *= 2) {
            for (long size : new long[] {power - 1, power, power + 4097}) {
                long address = allocator().allocate(size);
                long usableBytes = allocator().usableBytes(address);
                checkBound(size, usableBytes);
                touchEnds(address, usableBytes);
                allocator().free(address, size);

                long aligned = takeAligned(size, 4096);
                touchEnds(aligned, allocator().usableBytes(aligned));
                allocator().freeAligned(aligned, allocator().usableBytes(aligned), 4096);
            }
        }
    }

    /** Smaller, since an allocator may write zeros over all of it. */
    @Test
    void zeroesLargeBlocksToTheirEnds() {
        for (long size = 64 << 20; size <= 256 << 20; size += size + 4097) {
            for (int time = 0; time < 2; time++) {
                long zeroed = allocator().allocateZeroed(size);
                checkBound(size, allocator().usableBytes(zeroed));
                checkFilled(zeroed, 4096, (byte) 0);
                checkFilled(zeroed + size - 4096, 4096, (byte) 0);
                touchEnds(zeroed, size);
                allocator().free(zeroed);
            }
        }
    }

    /** To more than 32 bits count, and back. Few pages are written, but an allocator may copy all of them. */
    @Test
    void resizesBeyondFourGibibytes() {
        long address = allocator().allocate(10_000);
        writePlaces(address, 0, 10_000);
        long large = allocator().reallocate(address, BEYOND_4_GIB);
        checkPlaces(large, 10_000);
        checkResized(BEYOND_4_GIB, large);
        Memory.fill(large + BEYOND_4_GIB - 4096, 4096, (byte) 2);
        long small = allocator().reallocate(large, 5_000);
        checkPlaces(small, 5_000);
        checkResized(5_000, small);
        allocator().free(small, 5_000);
    }

    private void checkResized(long size, long address) {
        long usableBytes = allocator().usableBytes(address);
        assertThat(usableBytes).isGreaterThanOrEqualTo(size);
        if (allocator().usableBytesExact()) {
            assertThat(usableBytes).isEqualTo(allocator().usableBytesBound(size));
        }
    }

    private static void touchEnds(long address, long size) {
        Memory.fill(address, 4096, (byte) 1);
        Memory.fill(address + size - 4096, 4096, (byte) 2);
        checkFilled(address, 4096, (byte) 1);
        checkFilled(address + size - 4096, 4096, (byte) 2);
    }

    @Test
    void survivesExhaustion() throws Exception {
        ChildJvm.Result result = serving(ChildJvm.of(ExhaustionProbe.class))
                .options("-Xmx64m", "-Xint", "-XX:ReservedCodeCacheSize=16m", "-XX:CompressedClassSpaceSize=32m")
                .addressSpace(4L << 30)
                .run();

        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("allocator")).isEqualTo(allocator().name());
        assertThat(Integer.parseInt(result.value("blocks"))).isBetween(4, 64);
        assertThat(result.value("refused")).isEqualTo("malloc calloc realloc aligned uncached huge");
        assertThat(result.value("kept")).isEqualTo("true");
        assertThat(result.value("thrown")).contains("zmalloc: Out of memory trying to allocate");
        assertThat(Integer.parseInt(result.value("again"))).isGreaterThanOrEqualTo(4);
        assertThat(result.value("used")).isEqualTo("0");
    }

    @Test
    void reallocationOfAlignedBlocksKeepsContent() {
        SplittableRandom random = new SplittableRandom(26);
        for (int round = 0; round < 5_000; round++) {
            long size = randomSize(random);
            long alignment = 8L << random.nextInt(12);
            long address = takeAligned(size, alignment);
            writePlaces(address, 0, size);
            long nextSize = round % 3 == 0 ? allocator().usableBytes(address) : randomSize(random);
            address = allocator().reallocate(address, nextSize);
            checkPlaces(address, Math.min(size, nextSize));
            allocator().free(address, nextSize);
        }
    }

    @Test
    void alignsToEveryPowerOfTwo() {
        for (long alignment = 8; alignment <= 4 << 20; alignment *= 2) {
            for (long size = 1; size <= 4 * alignment && size <= 8 << 20; size += 1 + size / 3) {
                checkAligned(size, alignment);
            }
        }
    }

    private void checkAligned(long size, long alignment) {
        long address = takeAligned(size, alignment);
        long usableBytes = allocator().usableBytes(address);
        Memory.putByte(address, (byte) 1);
        Memory.putByte(address + usableBytes - 1, (byte) 2);
        allocator().freeAligned(address, usableBytes, alignment);
    }

    private long takeAligned(long size, long alignment) {
        long address = allocator().allocateAligned(size, alignment);
        if (address == 0 || (address & (alignment - 1)) != 0) {
            throw new AssertionError(size + " bytes aligned to " + alignment + ": " + Long.toHexString(address));
        }
        long usableBytes = allocator().usableBytes(address);
        long bound = allocator().alignedUsableBytesBound(size, alignment);
        if (usableBytes < size || usableBytes > bound || (allocator().usableBytesExact() && usableBytes != bound)) {
            throw new AssertionError(size + " bytes aligned to " + alignment + " requested, " + bound + " told, "
                    + usableBytes + " given");
        }
        return address;
    }

    @Test
    void aligned100ThousandRandomBlocksAreToldAndFreed() {
        SplittableRandom random = new SplittableRandom(24);
        long[] live = new long[1024];
        long[] alignments = new long[live.length];
        for (int round = 0; round < 100_000; round++) {
            int index = random.nextInt(live.length);
            freeAligned(live[index], alignments[index], random.nextInt(8));
            alignments[index] = 8L << random.nextInt(random.nextInt(50) == 0 ? 14 : 8);
            live[index] = takeAligned(Math.max(8, randomSize(random)), alignments[index]);
            Memory.putLong(live[index], live[index]);
        }
        for (int index = 0; index < live.length; index++) {
            freeAligned(live[index], alignments[index], 2);
        }
    }

    private void freeAligned(long address, long alignment, int way) {
        if (address == 0) {
            return;
        }
        if (Memory.getLong(address) != address) {
            throw new AssertionError("block " + Long.toHexString(address) + " was handed out twice");
        }
        if (way == 0) {
            allocator().free(address);
        } else if (way == 1) {
            allocator().freeAny(address, allocator().usableBytes(address));
        } else {
            allocator().freeAligned(address, allocator().usableBytes(address), alignment);
        }
    }

    @Test
    void answersNullToAbsurdAlignments() {
        for (long alignment = 1L << 48; alignment > 0; alignment *= 2) {
            assertThat(allocator().allocateAligned(64, alignment))
                    .as("%d", alignment)
                    .isZero();
        }
        for (long size : ABSURD) {
            assertThat(allocator().allocateAligned(size, 64)).as("%d", size).isZero();
        }
        assertThat(allocator().alignedUsableBytesBound(Long.MAX_VALUE - 1, 64)).isZero();
    }

    @Test
    void uncachedBlocksAreLikeOthers() {
        sizesAcrossClasses().forEach(size -> {
            long address = allocator().allocateUncached(size);
            checkBound(size, allocator().usableBytes(address));
            Memory.putByte(address + size - 1, (byte) 1);
            allocator().freeUncached(address, size);
            allocator().freeUncached(allocator().allocate(size), size);
            allocator().free(allocator().allocateUncached(size), size);
        });
    }

    @Test
    void makesNoGarbage() {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = 0;
        for (int round = 0; round < 20_000; round++) {
            sum += takeAndFree(round);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int round = 0; round < 100_000; round++) {
            sum += takeAndFree(round);
        }
        long garbageBytes = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(sum).isPositive();
        assertThat(garbageBytes).as("on the heap, by 100,000 rounds").isLessThan(10_000);
    }

    private long takeAndFree(int round) {
        long size = 16L + (round & 0xFF);
        long address = allocator().reallocate(allocator().allocate(size), 2 * size);
        long zeroed = allocator().allocateZeroed(size + (40 << 10));
        long usableBytes = allocator().usableBytes(address);
        allocator().free(address, usableBytes);
        allocator().free(zeroed);
        long aligned = allocator().allocateAligned(size, 64);
        allocator().freeAligned(aligned, allocator().usableBytes(aligned), 64);
        allocator().freeUncached(allocator().allocateUncached(size), size);
        return usableBytes
                + allocator().usableBytesBound(size)
                + allocator().usableBytesBound(size + (40 << 10))
                + allocator().alignedUsableBytesBound(size, 64);
    }

    @Test
    void describesItself() {
        AllocatorDescription description = allocator().description();

        assertThat(description.name()).isEqualTo(allocator().name());
        assertThat(description.version()).isNotEmpty();
        assertThat(description.file()).isNotEmpty();
        assertThat(description.attempts().getLast().succeeded()).isTrue();
        assertThat(description.attempts().getLast().origin()).isEqualTo(description.origin());
        assertThat(description.pageBytes().orElseThrow()).isGreaterThanOrEqualTo(4096);
    }
}
