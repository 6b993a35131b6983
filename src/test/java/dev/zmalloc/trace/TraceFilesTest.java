package dev.zmalloc.trace;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.zmalloc.fixtures.ChildJvm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Reads files written here in each format and compression, whole and damaged. */
@Tag("process") // of no allocator
class TraceFilesTest {
    @TempDir
    private Path folder;

    @Test
    void readsWordsWithAndWithoutSizes() throws IOException {
        List<long[]> requests = requests(text("a 10\nb 20\r\n\na 30\nb"), null);
        assertThat(requests).extracting(request -> request[1]).containsExactly(10L, 20L, 30L, -1L);
        assertThat(requests.get(2)[0]).isEqualTo(requests.get(0)[0]);
        assertThat(requests.get(3)[0]).isEqualTo(requests.get(1)[0]).isNotEqualTo(requests.get(0)[0]);
    }

    @Test
    void readsNumbersAndPassesMarkersOver() throws IOException {
        assertThat(keys(text("5\n*\n-7\n5\n"))).containsExactly(5L, -7L, 5L);
    }

    @Test
    void readsRunsOfBlocks() throws IOException {
        assertThat(keys(text("10 3 0 1\n4 1 0 2\n"))).containsExactly(10L, 11L, 12L, 4L);
    }

    @Test
    void takesTheSizeAsPartOfTheKeyOfAdaptSize() throws IOException {
        List<long[]> requests = requests(text("1 7 100\n2 7 100\n3 7 200\n"), null);
        assertThat(requests).extracting(request -> request[1]).containsExactly(100L, 100L, 200L);
        assertThat(requests.get(1)[0]).isEqualTo(requests.get(0)[0]).isNotEqualTo(requests.get(2)[0]);
    }

    @Test
    void readsThePromptsOfMooncake() throws IOException {
        Path file = text("{\"t\": [1], \"hash_ids\": [1, 2]}\n{\"hash_ids\": []}\n{\"hash_ids\": [3], \"x\": {}}\n");
        assertThat(keys(file)).containsExactly(1L, 2L, 3L);
    }

    @ParameterizedTest
    @EnumSource(names = {"INT32", "INT64", "ORACLE"})
    void readsRecords(TraceFormat format) throws IOException {
        Path file = bytes(records(format, 1000));
        assertThat(TraceFile.of(file, null).format()).isEqualTo(format);
        List<long[]> requests = requests(file, null);
        assertThat(requests).hasSize(1000);
        for (int index = 0; index < requests.size(); index++) {
            assertThat(requests.get(index)[0]).isEqualTo(key(index));
            assertThat(requests.get(index)[1]).isEqualTo(format == TraceFormat.ORACLE ? 100 + index : -1);
        }
    }

    @ParameterizedTest
    @CsvSource({"gzip", "xz"})
    void decompresses(String compression) throws IOException {
        byte[] plain = records(TraceFormat.INT64, 50_000);
        Path file = bytes(compressed(compression, plain));
        assertThat(TraceFile.of(file, null).compression()).isEqualTo(compression);
        assertThat(requests(file, null)).hasSize(50_000);
    }

    @ParameterizedTest
    @CsvSource({"gzip", "xz"})
    void tellsOfCompressionThatEndsEarlyOrIsCorrupt(String compression) throws IOException {
        byte[] whole = compressed(compression, records(TraceFormat.INT64, 50_000));
        assertDamage(bytes(Arrays.copyOf(whole, whole.length / 2)), compression + " data ends early");
        byte[] changed = whole.clone();
        for (int index = whole.length / 2; index < whole.length / 2 + 40; index++) {
            changed[index] ^= 0x5a;
        }
        assertDamage(bytes(changed), compression + " data is corrupt");
    }

    /** Whatever byte is changed, the trace is read or refused with a line about it. */
    @ParameterizedTest
    @CsvSource({"gzip", "xz"})
    void anyChangedByteIsReadOrRefused(String compression) throws IOException {
        byte[] whole = compressed(compression, records(TraceFormat.INT64, 30));
        for (int index = 0; index < whole.length; index++) {
            byte[] changed = whole.clone();
            changed[index] ^= 0x11;
            try {
                requests(bytes(changed), TraceFormat.INT64);
            } catch (TraceException e) {
                assertThat(e.getMessage()).contains("trace").doesNotContain("\n");
            }
        }
    }

    /** In a JVM that lets the library use what it uses; any changed byte must leave that JVM alive. */
    @Test
    void decompressesZstdOrTellsWhatIsWrong() throws Exception {
        ChildJvm.Result result = ChildJvm.of(ZstdProbe.class)
                .withoutOption("--sun-misc-unsafe-memory-access=deny")
                .run(folder.toString());
        assertThat(result.ended()).as(result.toString()).isTrue();
        assertThat(result.exit()).as(result.toString()).isZero();
        assertThat(result.value("requests")).isEqualTo("50000");
        assertThat(result.value("cut")).contains("the zstd data ");
        assertThat(result.value("changed")).isEqualTo("read or refused");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "arc       | 1 2 3 4;5 x 7 8          | line 2: number of blocks 'x' is not a whole number",
                "arc       | 1 0 3 4                  | line 1: number of blocks '0' is not from 1",
                "adaptsize | 1 2 100;2 3 -5           | line 2: negative size -5",
                "adaptsize | 1 2 100;2 3              | line 2: the line ends before its size",
                "adaptsize | 1 2 9999999999           | line 1: size 9999999999 is more than",
                "adaptsize | 1 2 3 4                  | line 1: surplus '4'",
                "lirs      | 1;99999999999999999999   | line 2: key '99999999999999999999' is more than",
                "lirs      | 1;-                      | line 2: key '-' is not a whole number",
                "keys      | a 1;b -1                 | line 2: negative size -1",
                "mooncake  | {\"hash_ids\":[1,        | line 1: broken JSON",
                "mooncake  | {\"a\":1}                | line 1: no hash_ids",
                "mooncake  | {\"hash_ids\":[1.5]}     | line 1: hash_ids holds",
                "mooncake  | {\"hash_ids\":3}         | line 1: hash_ids is not an array",
                "mooncake  | {\"hash_ids\":[99999999999999999999]} | line 1: a key does not fit 64 bits",
                "mooncake  | [1]                      | line 1: not a JSON object",
            })
    void tellsTheLineThatIsDamaged(String format, String lines, String message) throws IOException {
        Path file = text(lines.replace(';', '\n') + "\n");
        assertThatThrownBy(() -> requests(file, TraceFormat.parse(format)))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @EnumSource(names = {"INT32", "INT64", "ORACLE"})
    void tellsWhereARecordIsTruncated(TraceFormat format) throws IOException {
        byte[] whole = records(format, 1000);
        int record = whole.length / 1000;
        assertDamage(
                bytes(Arrays.copyOf(whole, whole.length - 1)),
                "byte " + (whole.length - record) + ": truncated record: " + (record - 1) + " bytes of the " + record);
    }

    @Test
    void refusesWhatIsNoTrace() throws IOException {
        assertDamage(folder.resolve("missing"), "there is no such file");
        assertDamage(folder, "is a folder");
        assertDamage(text(""), "is empty");
        assertDamage(text("1 2 3 4 5\n"), "of no format that is known");
        assertDamage(text("\n\n"), "of no format that is known");
        assertThatThrownBy(
                        () -> TraceSummary.of(TraceFile.of(text("{\"hash_ids\": []}"), null), 1, false, done -> true))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining("holds no request");
    }

    private static void assertDamage(Path file, String message) {
        assertThatThrownBy(() -> requests(file, null))
                .isInstanceOf(TraceException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    private static List<Long> keys(Path file) throws IOException {
        return requests(file, null).stream().map(request -> request[0]).toList();
    }

    private static List<long[]> requests(Path file, @Nullable TraceFormat format) throws IOException {
        List<long[]> requests = new ArrayList<>();
        try (TraceReader reader = TraceFile.of(file, format).open()) {
            while (reader.next()) {
                requests.add(new long[] {reader.key(), reader.valueBytes()});
            }
        }
        return requests;
    }

    private static long key(int index) {
        return 1000L + index * 7 % 500;
    }

    private static byte[] records(TraceFormat format, int count) {
        ByteBuffer records = ByteBuffer.allocate(24 * count)
                .order(format == TraceFormat.ORACLE ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        for (int index = 0; index < count; index++) {
            switch (format) {
                case INT32 -> records.putInt((int) key(index));
                case INT64 -> records.putLong(key(index));
                default ->
                    records.putInt(index)
                            .putLong(key(index))
                            .putInt(100 + index)
                            .putLong(-1);
            }
        }
        return Arrays.copyOf(records.array(), records.position());
    }

    private static byte[] compressed(String compression, byte[] plain) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = compression.equals("xz")
                ? new XZOutputStream(bytes, new LZMA2Options(1))
                : new GZIPOutputStream(bytes)) {
            out.write(plain);
        }
        return bytes.toByteArray();
    }

    private Path text(String text) throws IOException {
        return bytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private Path bytes(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("trace"), bytes);
    }
}
