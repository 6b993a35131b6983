package dev.zmalloc.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.Seeds;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.Serializable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class CodecsTest {
    /** Chars at which encodings change, halves of pairs, and what stands for what cannot be encoded. */
    private static final char[] CHARS = {
        'a', '?', '\0', '\u007f', '\u0080', '\u00ff', '\u07ff', '\u0800', '\ud800', '\udbff', '\udc00', '\udfff',
        '\ue000', '\ufeff', '\ufffd', '\uffff'
    };

    record Point(int x, double y) {}

    @SuppressWarnings("ArrayRecordComponent") // a codec takes them too
    record Nested(
            @Nullable String name,
            @Nullable Point point,
            Nothing nothing,
            byte[] bytes,
            @Nullable Integer boxed,
            boolean isSet,
            byte small,
            short shorter,
            char letter,
            long longer,
            float part) {
        /** Arrays are never equal. */
        Nested with(byte[] other) {
            return new Nested(name, point, nothing, other, boxed, isSet, small, shorter, letter, longer, part);
        }
    }

    record Nothing() {}

    record Endless(@Nullable Endless next) {}

    record Unknown(List<String> list) {}

    record Picky(int positive) {
        Picky {
            if (positive == 7) {
                throw new IllegalArgumentException("not seven");
            }
        }
    }

    enum Level {
        LOW,
        HIGH
    }

    static class Animal implements Serializable {
        private static final long serialVersionUID = 1L;
        String name = "";
        Level level = Level.HIGH;
        int[][] numbers = {{1, 2}, {}};

        @Nullable
        Serializable more;
    }

    static final class Fox extends Animal {
        private static final long serialVersionUID = 1L;
    }

    /** By way of the native memory of a cache, both as a key and as a value. */
    private static <T> T roundTrip(Codec<T> codec, T value) {
        try (OffHeapCache<T, T> cache = OffHeapCache.builder(codec, codec).build()) {
            cache.put(value, value);
            assertThat(cache.estimatedSize()).isOne();
            T key = cache.asMap().keySet().iterator().next();
            assertThat(cache.asMap()).containsKey(key);
            assertThat(codec.encodedBytes(key)).isEqualTo(codec.encodedBytes(value));
            T read = cache.getIfPresent(value);
            assertThat(read).isNotNull();
            return read;
        }
    }

    @Test
    void stringsOfAllLengthsComeBackAndNoTwoAreTheSame() {
        SplittableRandom random = new SplittableRandom(Seeds.next("CodecsTest.strings"));
        try (OffHeapCache<String, String> cache =
                OffHeapCache.builder(Codecs.STRING, Codecs.STRING).build()) {
            Map<String, String> model = new HashMap<>();
            for (int length = 0; length < 300; length++) {
                for (int kinds : new int[] {1, 4, CHARS.length}) {
                    StringBuilder text = new StringBuilder();
                    for (int index = 0; index < length; index++) {
                        text.append(CHARS[random.nextInt(kinds)]);
                    }
                    cache.put(text.toString(), text + "v");
                    model.put(text.toString(), text + "v");
                }
            }
            assertThat(cache.asMap().equals(model)).isTrue();
            model.forEach((key, value) -> assertThat(cache.getIfPresent(key)).isEqualTo(value));
        }
    }

    @Test
    void everyStringOfTwoCharsHasAnEncodingOfItsOwn() {
        Map<ByteBuffer, String> encodings = new HashMap<>();
        for (char first : CHARS) {
            for (char second : CHARS) {
                String text = "" + first + second;
                byte[] bytes = StringCodec.encode(text);
                assertThat(StringCodec.decode(bytes)).isEqualTo(text);
                assertThat(encodings.put(ByteBuffer.wrap(bytes), text)).isNull();
            }
        }
        assertThat(StringCodec.encode("häß")).isEqualTo("häß".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Test
    void numbersComeBack() {
        for (boolean value : new boolean[] {false, true}) {
            assertThat(roundTrip(Codecs.BOOLEAN, value)).isEqualTo(value);
        }
        for (byte value : new byte[] {0, -1, Byte.MIN_VALUE, Byte.MAX_VALUE}) {
            assertThat(roundTrip(Codecs.BYTE, value)).isEqualTo(value);
        }
        for (short value : new short[] {0, -1, Short.MIN_VALUE, Short.MAX_VALUE}) {
            assertThat(roundTrip(Codecs.SHORT, value)).isEqualTo(value);
        }
        for (char value : CHARS) {
            assertThat(roundTrip(Codecs.CHARACTER, value)).isEqualTo(value);
        }
        for (int value : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            assertThat(roundTrip(Codecs.INTEGER, value)).isEqualTo(value);
        }
        for (long value : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            assertThat(roundTrip(Codecs.LONG, value)).isEqualTo(value);
        }
        for (float value : new float[] {0, -0.0f, Float.NaN, Float.MIN_VALUE, Float.NEGATIVE_INFINITY}) {
            assertThat(roundTrip(Codecs.FLOAT, value)).isEqualTo(Float.valueOf(value));
        }
        for (double value : new double[] {0, -0.0, Double.NaN, Double.MIN_VALUE, Double.NEGATIVE_INFINITY}) {
            assertThat(roundTrip(Codecs.DOUBLE, value)).isEqualTo(Double.valueOf(value));
        }
    }

    @Test
    void allNansAreOneKeyAndBothZerosAreTwo() {
        try (OffHeapCache<Double, String> cache =
                OffHeapCache.builder(Codecs.DOUBLE, Codecs.STRING).build()) {
            cache.put(Double.NaN, "no number");
            assertThat(cache.getIfPresent(Double.longBitsToDouble(0x7ff8000000000001L)))
                    .isEqualTo("no number");
            cache.put(0.0, "zero");
            assertThat(cache.getIfPresent(-0.0)).isNull();
        }
    }

    @Test
    void bytesInEveryFormAreKnownByTheirContent() {
        SplittableRandom random = new SplittableRandom(Seeds.next("CodecsTest.bytes"));
        for (int length : new int[] {0, 1, 7, 8, 255, 256, 70_000}) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            assertThat(roundTrip(Codecs.BYTES, bytes)).isEqualTo(bytes).isNotSameAs(bytes);
            ByteBuffer buffer = ByteBuffer.allocateDirect(length + 5)
                    .position(3)
                    .put(bytes)
                    .limit(length + 3)
                    .position(3)
                    .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(roundTrip(Codecs.BYTE_BUFFER, buffer.asReadOnlyBuffer())).isEqualTo(buffer);
            assertThat(buffer.position()).isEqualTo(3);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment segment = arena.allocate(length + 1L).asSlice(1);
                segment.copyFrom(MemorySegment.ofArray(bytes));
                assertThat(roundTrip(Codecs.MEMORY_SEGMENT, segment).toArray(ValueLayout.JAVA_BYTE))
                        .isEqualTo(bytes);
            }
        }
    }

    @Test
    void recordsComeBackWithAllTheirComponents() {
        Codec<Nested> codec = Codecs.record(MethodHandles.lookup(), Nested.class);
        byte[] bytes = {1, 2, 3};
        Nested full = new Nested(
                "n\ud800", new Point(-3, Double.NaN), new Nothing(), bytes, 5, true, (byte) -1, (short) -2, 'z', -3, 1);
        Nested read = roundTrip(codec, full);
        assertThat(read.bytes).isEqualTo(bytes);
        assertThat(read.with(bytes)).isEqualTo(full);
        Nested empty =
                new Nested(null, null, new Nothing(), new byte[0], null, false, (byte) 0, (short) 0, '\0', 0, -0.0f);
        assertThat(roundTrip(codec, empty).with(empty.bytes)).isEqualTo(empty);
        assertThat(roundTrip(Codecs.record(MethodHandles.lookup(), Nothing.class), new Nothing()))
                .isEqualTo(new Nothing());
        assertThat(roundTrip(Codecs.record(MethodHandles.lookup(), Point.class), new Point(1, -0.0)))
                .isEqualTo(new Point(1, -0.0));
    }

    @Test
    void recordsThatCannotBeWrittenAreRefusedWithTheReason() {
        MethodHandles.Lookup lookup = MethodHandles.lookup();
        assertThatThrownBy(() -> Codecs.record(lookup, Endless.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasRootCauseMessage("a record that contains itself: " + Endless.class.getName());
        assertThatThrownBy(() -> Codecs.record(lookup, Unknown.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("component list of")
                .hasStackTraceContaining("no codec for java.util.List");
        assertThatThrownBy(() -> Codecs.record(MethodHandles.publicLookup(), Point.class))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("may not use");
        assertThatThrownBy(() -> Codecs.of(List.class)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatTheConstructorOfARecordThrowsComesOut() {
        Codec<Picky> codec = Codecs.record(MethodHandles.lookup(), Picky.class);
        MemorySegment seven = MemorySegment.ofArray(new byte[] {0, 0, 0, 7});
        assertThatThrownBy(() -> codec.decode(seven))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("not seven");
    }

    @Test
    void serializableObjectsComeBackIfTheirClassesAreAllowed() {
        Codec<Animal> codec = Codecs.serializable(Animal.class, Fox.class, Level.class, Integer.class);
        Fox fox = new Fox();
        fox.name = "Reineke";
        fox.more = 7;
        Animal read = roundTrip(codec, fox);
        assertThat(read).isInstanceOf(Fox.class).usingRecursiveComparison().isEqualTo(fox);
    }

    @Test
    void otherClassesAreRefusedWhenTheyAreWrittenAndWhenTheyAreRead() {
        Codec<Animal> open = Codecs.serializable(Animal.class, info -> ObjectInputFilter.Status.ALLOWED);
        Codec<Animal> narrow = Codecs.serializable(Animal.class, Level.class);
        Animal animal = new Animal();
        animal.more = new ArrayList<>(List.of("a"));
        try (OffHeapCache<Integer, Animal> cache =
                OffHeapCache.builder(Codecs.INTEGER, narrow).build()) {
            assertThatThrownBy(() -> cache.put(1, animal))
                    .hasCauseInstanceOf(InvalidClassException.class)
                    .hasStackTraceContaining("java.util.ArrayList");
            assertThat(cache.estimatedSize()).isZero();
        }
        MemorySegment written = MemorySegment.ofArray(((BytesCodec<Animal>) open).arrayOf(animal));
        assertThat(open.decode(written)).usingRecursiveComparison().isEqualTo(animal);
        assertThatThrownBy(() -> narrow.decode(written)).hasCauseInstanceOf(InvalidClassException.class);
        animal.more = null;
        assertThat(roundTrip(narrow, animal)).usingRecursiveComparison().isEqualTo(animal);
    }

    @Test
    void everyCodecRefusesNullInTheCacheWithAMessage() {
        try (OffHeapCache<String, String> cache =
                OffHeapCache.builder(Codecs.STRING, Codecs.STRING).build()) {
            assertThatThrownBy(() -> cache.put(null, "a"))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("a cache has no null keys");
            assertThatThrownBy(() -> cache.put("a", null))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("a cache has no null values");
            assertThatThrownBy(() -> cache.getIfPresent(null)).hasMessage("a cache has no null keys");
            assertThatThrownBy(() -> cache.asMap().get(null)).hasMessage("a cache has no null keys");
            assertThatThrownBy(() -> cache.asMap().putIfAbsent("a", null)).hasMessage("a cache has no null values");
            assertThatThrownBy(() -> cache.invalidate(null)).hasMessage("a cache has no null keys");
        }
    }

    @Test
    void codecsOfArraysTellWhatTheirFunctionsDidWrong() {
        Codec<String> toNull = Codec.ofArrays(text -> null, String::new);
        Codec<String> fromNull = Codec.ofArrays(String::getBytes, bytes -> null);
        try (OffHeapCache<Integer, String> first =
                        OffHeapCache.builder(Codecs.INTEGER, toNull).build();
                OffHeapCache<Integer, String> second =
                        OffHeapCache.builder(Codecs.INTEGER, fromNull).build()) {
            assertThatThrownBy(() -> first.put(1, "a")).hasMessageContaining("encoded to null");
            second.put(1, "a");
            assertThatThrownBy(() -> second.getIfPresent(1)).hasMessageContaining("decoded to null");
        }
    }

    @Test
    void keysInTheOrderOfNumbersAreThere() {
        try (OffHeapCache<Long, Integer> cache =
                OffHeapCache.builder(Codecs.LONG, Codecs.INTEGER).build()) {
            IntStream.range(-500, 500).forEach(number -> cache.put((long) number << 20, number));
            IntStream.range(-500, 500)
                    .forEach(number ->
                            assertThat(cache.getIfPresent((long) number << 20)).isEqualTo(number));
        }
    }
}
