package dev.zmalloc.bench.peers;

import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.peers.PeerCase.Operation;
import dev.zmalloc.cli.Charts;
import dev.zmalloc.cli.Picture;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.CategoryChart;

/** The comparison as one picture, PNG and SVG: rates by threads for each operation, memory, and latencies. */
final class PeerPicture {
    private static final int MARGIN = 26;
    private static final int WIDTH = 1652;
    private static final int HEAD_HEIGHT = 176;
    private static final int CHART_HEIGHT = 430;
    private static final int FOOT_HEIGHT = 56;

    private final PeerRun run;
    private final String machine;
    private final String date;

    private PeerPicture(PeerRun run, Machine machine) {
        this.run = run;
        this.machine = machine.words();
        this.date = machine.date();
    }

    /** Draws into {@code peers.png} and {@code peers.svg}. */
    static List<Path> write(PeerRun run, Path folder, PrintStream out) throws IOException {
        PeerPicture picture = new PeerPicture(run, Machine.here());
        return Picture.write(
                WIDTH,
                HEAD_HEIGHT + 2 * CHART_HEIGHT + FOOT_HEIGHT,
                picture::draw,
                out,
                folder.resolve("peers.png"),
                folder.resolve("peers.svg"));
    }

    /** Of M. Okabe and K. Ito's palette, which people with any kind of colour vision can tell apart. */
    private static Color colour(Peer peer) {
        return new Color(
                switch (peer) {
                    case ZMALLOC -> 0x0072b2;
                    case CHM -> 0xd55e00;
                    case CAFFEINE -> 0xcc79a7;
                    case OHC -> 0xe69f00;
                    case OHC_CHUNKED -> 0xf0e442;
                    case CHRONICLE -> 0x009e73;
                    case EHCACHE -> 0x56b4e9;
                    case MAPDB -> 0x999999;
                });
    }

    private void draw(Graphics2D graphics) {
        drawHead(graphics);
        int inside = WIDTH - 2 * MARGIN;
        int x = MARGIN;
        int width = inside / Math.max(1, run.operations().size());
        for (Operation operation : run.operations()) {
            Picture.paint(graphics, rates(operation), x, HEAD_HEIGHT, width, CHART_HEIGHT);
            x += width;
        }
        int y = HEAD_HEIGHT + CHART_HEIGHT;
        int half = inside / 2;
        Picture.paint(graphics, memory(), MARGIN, y, run.latencies().isEmpty() ? inside : half, CHART_HEIGHT);
        if (!run.latencies().isEmpty()) {
            Picture.paint(graphics, latencies(), MARGIN + half, y, inside - half, CHART_HEIGHT);
        }
        Picture.text(
                graphics,
                "Memory: growth of the resident set outside the heap, and of what is live on the heap. Latency:"
                        + " sampled, clock included; a stop of the JVM or of the machine counts.",
                Font.PLAIN,
                14,
                MARGIN + 10,
                y + CHART_HEIGHT + 26);
    }

    private void drawHead(Graphics2D graphics) {
        int x = MARGIN + 10;
        Picture.text(graphics, "The store beside other maps and caches: a million entries", Font.BOLD, 30, x, 48);
        Picture.text(
                graphics,
                String.format(
                        Locale.ROOT,
                        "Keys of %d bytes, values of %d bytes copied in and out, Zipf order; median of %d %s each; %s",
                        KeyStream.KEY_BYTES,
                        PeerBench.VALUE_BYTES,
                        run.forks(),
                        run.forks() == 1 ? "JVM" : "JVMs",
                        date),
                Font.PLAIN,
                17,
                x,
                80);
        Picture.text(graphics, machine, Font.PLAIN, 17, x, 106);
        for (Peer peer : run.peers()) {
            graphics.setColor(colour(peer));
            graphics.fillRect(x, 132, 30, 18);
            x = Picture.text(graphics, peer.title(), peer == Peer.ZMALLOC ? Font.BOLD : Font.PLAIN, 18, x + 38, 148)
                    + 28;
        }
    }

    private CategoryChart rates(Operation operation) {
        CategoryChart chart = Charts.bars(operation.title(), "million operations a second");
        List<Integer> threads = PeerCase.THREADS.stream()
                .filter(count -> run.measured(operation, count))
                .toList();
        List<String> names = threads.stream()
                .map(count -> count + (count == 1 ? " thread" : " threads"))
                .toList();
        for (Peer peer : run.peers()) {
            List<Double> rates = threads.stream()
                    .map(count -> run.millions(peer, operation, count))
                    .toList();
            chart.addSeries(peer.title(), names, rates).setFillColor(colour(peer));
        }
        Charts.labels(chart, "0.0", 90);
        return chart;
    }

    private CategoryChart memory() {
        CategoryChart chart = Charts.bars("Resident memory", "bytes an entry");
        List<String> names = run.peers().stream().map(Peer::title).toList();
        for (Peer peer : run.peers()) {
            // A series for each, for its colour, with a value at its own place only.
            List<@Nullable Double> values = new ArrayList<>();
            run.peers().forEach(other -> values.add(other == peer ? run.bytesPerEntry(peer) : null));
            chart.addSeries(peer.title(), names, values).setFillColor(colour(peer));
        }
        chart.getStyler().setOverlapped(true);
        // The names are too long to stand side by side.
        chart.getStyler().setXAxisLabelRotation(20);
        Charts.labels(chart, "0", 0);
        return chart;
    }

    private CategoryChart latencies() {
        CategoryChart chart = Charts.latencies("Latency of one of 95 % read, 5 % overwrite, 2 threads");
        run.latencies()
                .forEach((peer, latencies) -> Charts.latency(
                        chart, peer.title(), latencies.nanosOfShare(), colour(peer), peer == Peer.ZMALLOC ? 4 : 2.4f));
        return chart;
    }
}
