package dev.zmalloc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.zmalloc.ffi.Memory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongBinaryOperator;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every form that takes a block, on addresses and on segments, over every kind of size. */
@Tag("core")
class AllocationFormsTest {
    private static final long[] SIZES = {0, 1, 7, 8, 9, 16, 100, 1_000, 4_096, 5_000, 40_000, 200_000, 5_000_000};
    private static final long[] REFUSED = {-1, -8, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - 1, 1L << 60};

    private static final UsableBytes USABLE = new UsableBytes();

    private long usedBefore;
    private long liveBefore;

    /**
     * A way to take a block. The function answers a segment as long as the form says that the block is.
     *
     * @param usable whether that is the usable length, and not the one requested
     */
    record Form(String name, boolean usable, LongFunction<MemorySegment> take) {
        boolean isTry() {
            return name.contains("ztry");
        }

        boolean zeroes() {
            return name.contains("calloc");
        }

        boolean isAligned() {
            return name.contains("Aligned");
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Form> forms() {
        List<Form> forms = new ArrayList<>();
        forms.add(raw("zmalloc", RawZMalloc::zmalloc));
        forms.add(raw("ztrymalloc", RawZMalloc::ztrymalloc));
        forms.add(raw("zcalloc", RawZMalloc::zcalloc));
        forms.add(raw("ztrycalloc", RawZMalloc::ztrycalloc));
        forms.add(raw("zcalloc of count", bytes -> RawZMalloc.zcalloc(bytes, 1)));
        forms.add(raw("ztrycalloc of count", bytes -> RawZMalloc.ztrycalloc(bytes, 1)));
        forms.add(raw("zrealloc of null", bytes -> RawZMalloc.zrealloc(0, bytes)));
        forms.add(raw("ztryrealloc of null", bytes -> RawZMalloc.ztryrealloc(0, bytes)));
        forms.add(raw("zmallocAligned", bytes -> RawZMalloc.zmallocAligned(bytes, 256)));
        forms.add(raw("ztrymallocAligned", bytes -> RawZMalloc.ztrymallocAligned(bytes, 1)));
        forms.add(raw("zmallocCacheAligned", RawZMalloc::zmallocCacheAligned));
        forms.add(raw("ztrymallocCacheAligned", RawZMalloc::ztrymallocCacheAligned));
        if (RawZMalloc.zmallocHasNoTcache()) {
            forms.add(raw("zmallocNoTcache", RawZMalloc::zmallocNoTcache));
            forms.add(raw("ztrymallocNoTcache", RawZMalloc::ztrymallocNoTcache));
            forms.add(new Form("segment zmallocNoTcache", false, ZMalloc::zmallocNoTcache));
            forms.add(new Form("segment ztrymallocNoTcache", false, ZMalloc::ztrymallocNoTcache));
        }
        addRawUsableForms(forms);
        addSegmentForms(forms);
        return forms.stream();
    }

    private static void addRawUsableForms(List<Form> forms) {
        forms.add(rawUsable("zmallocUsable", bytes -> RawZMalloc.zmallocUsable(bytes, USABLE)));
        forms.add(rawUsable("ztrymallocUsable", bytes -> RawZMalloc.ztrymallocUsable(bytes, USABLE)));
        forms.add(rawUsable("zcallocUsable", bytes -> RawZMalloc.zcallocUsable(bytes, USABLE)));
        forms.add(rawUsable("ztrycallocUsable", bytes -> RawZMalloc.ztrycallocUsable(bytes, USABLE)));
        forms.add(rawUsable("zcallocUsable of count", bytes -> RawZMalloc.zcallocUsable(bytes, 1, USABLE)));
        forms.add(rawUsable("ztrycallocUsable of count", bytes -> RawZMalloc.ztrycallocUsable(bytes, 1, USABLE)));
        forms.add(rawUsable("zreallocUsable of null", bytes -> RawZMalloc.zreallocUsable(0, bytes, USABLE)));
        forms.add(rawUsable("ztryreallocUsable of null", bytes -> RawZMalloc.ztryreallocUsable(0, bytes, USABLE)));
        forms.add(rawUsable("zmallocAlignedUsable", bytes -> RawZMalloc.zmallocAlignedUsable(bytes, 4096, USABLE)));
        forms.add(rawUsable("ztrymallocAlignedUsable", bytes -> RawZMalloc.ztrymallocAlignedUsable(bytes, 32, USABLE)));
    }

    private static void addSegmentForms(List<Form> forms) {
        MemorySegment none = MemorySegment.NULL;
        forms.add(new Form("segment zmalloc", false, ZMalloc::zmalloc));
        forms.add(new Form("segment ztrymalloc", false, ZMalloc::ztrymalloc));
        forms.add(new Form("segment zmallocUsable", true, ZMalloc::zmallocUsable));
        forms.add(new Form("segment ztrymallocUsable", true, ZMalloc::ztrymallocUsable));
        forms.add(new Form("segment zcalloc", false, ZMalloc::zcalloc));
        forms.add(new Form("segment ztrycalloc", false, ZMalloc::ztrycalloc));
        forms.add(new Form("segment zcallocUsable", true, ZMalloc::zcallocUsable));
        forms.add(new Form("segment ztrycallocUsable", true, ZMalloc::ztrycallocUsable));
        forms.add(new Form("segment zcalloc of count", false, bytes -> ZMalloc.zcalloc(bytes, 1)));
        forms.add(new Form("segment ztrycalloc of count", false, bytes -> ZMalloc.ztrycalloc(bytes, 1)));
        forms.add(new Form("segment zcallocUsable of count", true, bytes -> ZMalloc.zcallocUsable(bytes, 1)));
        forms.add(new Form("segment ztrycallocUsable of count", true, bytes -> ZMalloc.ztrycallocUsable(bytes, 1)));
        forms.add(new Form("segment zrealloc of null", false, bytes -> ZMalloc.zrealloc(none, bytes)));
        forms.add(new Form("segment ztryrealloc of null", false, bytes -> ZMalloc.ztryrealloc(none, bytes)));
        forms.add(new Form("segment zreallocUsable of null", true, bytes -> ZMalloc.zreallocUsable(none, bytes)));
        forms.add(new Form("segment ztryreallocUsable of null", true, bytes -> ZMalloc.ztryreallocUsable(none, bytes)));
        forms.add(new Form("segment zmallocAligned", false, bytes -> ZMalloc.zmallocAligned(bytes, 128)));
        forms.add(new Form("segment ztrymallocAligned", false, bytes -> ZMalloc.ztrymallocAligned(bytes, 2)));
        forms.add(new Form("segment zmallocAlignedUsable", true, bytes -> ZMalloc.zmallocAlignedUsable(bytes, 64)));
        forms.add(
                new Form("segment ztrymallocAlignedUsable", true, bytes -> ZMalloc.ztrymallocAlignedUsable(bytes, 64)));
        forms.add(new Form("segment zmallocCacheAligned", false, ZMalloc::zmallocCacheAligned));
        forms.add(new Form("segment ztrymallocCacheAligned", false, ZMalloc::ztrymallocCacheAligned));
    }

    private static Form raw(String name, LongUnaryOperator take) {
        return new Form(name, false, bytes -> segment(take.applyAsLong(bytes), bytes));
    }

    private static Form rawUsable(String name, LongUnaryOperator take) {
        return new Form(name, true, bytes -> {
            USABLE.set(-5, -5);
            return segment(take.applyAsLong(bytes), USABLE.usable());
        });
    }

    private static MemorySegment segment(long address, long bytes) {
        return address == 0 ? MemorySegment.NULL : Memory.segment(address, bytes);
    }

    @BeforeEach
    void remember() {
        usedBefore = ZMalloc.zmallocUsedMemory();
        liveBefore = ZMalloc.zmallocAllocations() - ZMalloc.zmallocFrees();
        USABLE.set(-5, -5);
    }

    @AfterEach
    void leavesNothingBehind() {
        ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.THROW);
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
        assertThat(ZMalloc.zmallocAllocations() - ZMalloc.zmallocFrees()).isEqualTo(liveBefore);
    }

    @ParameterizedTest
    @MethodSource("forms")
    void givesWhatItSaysAndCountsIt(Form form) {
        for (long bytes : SIZES) {
            for (int way = 0; way < 3; way++) {
                MemorySegment block = form.take.apply(bytes);
                long usable = ZMalloc.zmallocSize(block);
                assertThat(block.address()).as("%s bytes", bytes).isNotZero();
                assertThat(usable).as("%s bytes", bytes).isGreaterThanOrEqualTo(Math.max(8, bytes));
                assertThat(block.byteSize()).as("%s bytes", bytes).isEqualTo(form.usable ? usable : bytes);
                assertThat(ZMalloc.zmallocUsedMemory() - usedBefore).isEqualTo(usable);
                assertThat(ZMalloc.zmallocAllocations() - ZMalloc.zmallocFrees())
                        .isEqualTo(liveBefore + 1);
                if (form.zeroes()) {
                    assertThat(isZero(block.asSlice(0, bytes))).isTrue();
                }
                // Whatever is usable may be written, and the next block of this size is not zero by chance.
                Memory.fill(block.address(), usable, (byte) 0xA5);
                switch (way) {
                    case 0 -> ZMalloc.zfree(block);
                    case 1 -> {
                        if (form.isAligned()) {
                            RawZMalloc.zfree(block.address());
                        } else {
                            RawZMalloc.zfree(block.address(), usable);
                        }
                    }
                    default -> assertThat(ZMalloc.zfreeUsable(block)).isEqualTo(usable);
                }
                assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
            }
        }
    }

    private static boolean isZero(MemorySegment segment) {
        return segment.mismatch(MemorySegment.ofArray(new byte[(int) segment.byteSize()])) == -1;
    }

    @ParameterizedTest
    @MethodSource("forms")
    void refusesWhatIsNoSize(Form form) {
        for (long bytes : REFUSED) {
            USABLE.set(-5, -5);
            if (form.isTry()) {
                ZMalloc.zmallocSetOomHandler(requested -> {
                    throw new AssertionError("a try form called the handler");
                });
                assertThat(form.take.apply(bytes)).isEqualTo(MemorySegment.NULL);
            } else {
                ZMalloc.zmallocSetOomHandler(OutOfMemoryHandler.THROW);
                Throwable thrown = catchThrowable(() -> form.take.apply(bytes));
                assertThat(thrown).as("%s bytes", bytes).isInstanceOf(NativeOutOfMemoryError.class);
                long told = form.name.contains("count") && bytes < 0 ? -1 : bytes;
                assertThat(((NativeOutOfMemoryError) thrown).requestedBytes()).isEqualTo(told);
                List<Long> requests = new ArrayList<>();
                ZMalloc.zmallocSetOomHandler(requests::add);
                assertThat(form.take.apply(bytes)).isEqualTo(MemorySegment.NULL);
                assertThat(requests).containsExactly(told);
            }
            if (!form.name.startsWith("segment") && form.usable) {
                assertThat(USABLE).hasToString("usable 0, old 0");
            }
            assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(usedBefore);
        }
    }

    static Stream<LongBinaryOperator> countForms() {
        return Stream.of(
                RawZMalloc::ztrycalloc,
                (count, bytes) -> RawZMalloc.ztrycallocUsable(count, bytes, USABLE),
                (count, bytes) -> ZMalloc.ztrycalloc(count, bytes).address(),
                (count, bytes) -> ZMalloc.ztrycallocUsable(count, bytes).address(),
                RawZMalloc::zcalloc,
                (count, bytes) -> RawZMalloc.zcallocUsable(count, bytes, USABLE),
                (count, bytes) -> ZMalloc.zcalloc(count, bytes).address(),
                (count, bytes) -> ZMalloc.zcallocUsable(count, bytes).address());
    }

    /** Products whose low 64 bits look harmless, among others. */
    @ParameterizedTest
    @MethodSource("countForms")
    void refusesProductsThatOverflow(LongBinaryOperator form) {
        List<Long> requests = new ArrayList<>();
        ZMalloc.zmallocSetOomHandler(requests::add);
        long[][] products = {
            {1L << 32, 1L << 32},
            {(1L << 62) + 1, 4},
            {3, 0x5555555555555556L},
            {Long.MAX_VALUE, 2},
            {2, Long.MAX_VALUE},
            {-1, 8},
            {8, -1},
            {-2, -4},
            {Long.MIN_VALUE, 1},
            {5, 0},
            {0, 0}
        };
        for (long[] product : products) {
            assertThat(form.applyAsLong(product[0], product[1])).isZero();
            assertThat(USABLE.usable()).isLessThanOrEqualTo(0);
        }
        assertThat(requests).allMatch(requested -> requested == -1);
        assertThat(requests.size()).isIn(0, products.length);
        RawZMalloc.zfree(form.applyAsLong(0, 8));
        RawZMalloc.zfree(form.applyAsLong(3, 8));
    }
}
