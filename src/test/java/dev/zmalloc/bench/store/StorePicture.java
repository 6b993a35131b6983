package dev.zmalloc.bench.store;

import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.store.EntryBytes.Points;
import dev.zmalloc.bench.store.StoreRun.Part;
import dev.zmalloc.cli.Charts;
import dev.zmalloc.cli.Picture;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What was measured as one picture, PNG and SVG: a panel for each part, two in a row. */
final class StorePicture {
    private static final int MARGIN = 26;
    private static final int WIDTH = 1500;
    private static final int HEAD_HEIGHT = 108;
    private static final int CHART_HEIGHT = 400;
    private static final int LEGEND_POINTS = 14;
    private static final float LINE_WIDTH = 2.6f;

    /** Of M. Okabe and K. Ito's palette, which people with any kind of colour vision can tell apart. */
    private static final Color FIRST = new Color(0x0072b2);

    private static final Color SECOND = new Color(0xe69f00);
    private static final List<String> ONE_AND_TWO = List.of("1 thread", "2 threads");

    private final StoreRun run;
    private final Machine machine = Machine.here();
    private final List<Chart<?, ?>> charts = new ArrayList<>();

    private StorePicture(StoreRun run) {
        this.run = run;
        if (run.has(Part.SCALING)) {
            charts.add(scaling());
        }
        if (run.has(Part.VALUES)) {
            charts.add(values());
        }
        run.entryBytes().ifPresent(points -> {
            charts.add(bytesByCount(points));
            charts.add(bytesByPayload(points));
        });
        if (run.has(Part.GROWTH)) {
            charts.add(growth());
        }
        if (run.has(Part.SIZE) && run.manyFit()) {
            charts.add(size());
        }
    }

    /** Draws into {@code store.png} and {@code store.svg}. */
    static List<Path> write(StoreRun run, Path folder, PrintStream out) throws IOException {
        StorePicture picture = new StorePicture(run);
        int rows = (picture.charts.size() + 1) / 2;
        return Picture.write(
                WIDTH,
                HEAD_HEIGHT + rows * CHART_HEIGHT + MARGIN,
                picture::draw,
                out,
                folder.resolve("store.png"),
                folder.resolve("store.svg"));
    }

    private void draw(Graphics2D graphics) {
        Picture.text(graphics, "The store by itself", Font.BOLD, 30, MARGIN + 10, 48);
        Picture.text(
                graphics,
                machine.words() + "; " + machine.date() + (run.quick() ? "; a quick look" : "; medians of 3 JVMs"),
                Font.PLAIN,
                17,
                MARGIN + 10,
                80);
        int width = (WIDTH - 2 * MARGIN) / 2;
        for (int index = 0; index < charts.size(); index++) {
            int x = MARGIN + index % 2 * width;
            int y = HEAD_HEIGHT + index / 2 * CHART_HEIGHT;
            Picture.paint(graphics, charts.get(index), x, y, width, CHART_HEIGHT);
        }
    }

    private double nanos(String name) {
        return run.measurements().nanos(name);
    }

    private CategoryChart scaling() {
        CategoryChart chart = Charts.bars("Reading 100 bytes of a million entries", "million operations a second");
        List<String> words = List.of("Zipf order", "the same key");
        for (int index = 0; index < words.size(); index++) {
            String method = StoreRun.SCALING.get(index);
            bars(
                    chart,
                    words.get(index),
                    ONE_AND_TWO,
                    List.of(1e3 / nanos(StoreRun.scaling(method, 1)), 2e3 / nanos(StoreRun.scaling(method, 2))),
                    index == 0 ? FIRST : SECOND);
        }
        Charts.labels(chart, "0.0", 0);
        legend(chart.getStyler());
        return chart;
    }

    private CategoryChart values() {
        CategoryChart chart = Charts.bars("A value of 4 KiB", "ns");
        List<String> parts = List.of("64 bytes used", "all summed up");
        bars(
                chart,
                "copied out",
                parts,
                List.of(nanos(StoreRun.value("copyPart")), nanos(StoreRun.value("copyWhole"))),
                SECOND);
        bars(
                chart,
                "read in place",
                parts,
                List.of(nanos(StoreRun.value("readPart")), nanos(StoreRun.value("readWhole"))),
                FIRST);
        Charts.labels(chart, "0", 0);
        legend(chart.getStyler());
        return chart;
    }

    private static CategoryChart bytesByCount(Points points) {
        CategoryChart chart = Charts.bars("Used beyond key and value, all payloads", "bytes an entry");
        bars(
                chart,
                "bytes",
                EntryBytes.COUNTS.stream()
                        .map(count -> String.format("%.1f M", count / 1e6))
                        .toList(),
                EntryBytes.COUNTS.stream().map(points::meanOfCount).toList(),
                FIRST);
        Charts.labels(chart, "0.0", 0);
        return chart;
    }

    private static XYChart bytesByPayload(Points points) {
        XYChart chart = new XYChartBuilder()
                .title("Used beyond key and value, by payload")
                .xAxisTitle("bytes of key and value")
                .yAxisTitle("bytes an entry")
                .build();
        Charts.style(chart.getStyler());
        for (int keyBytes : EntryBytes.KEY_BYTES) {
            List<double[]> means = points.byPayload(keyBytes);
            XYSeries series = chart.addSeries(
                    "key of " + keyBytes,
                    means.stream().mapToDouble(mean -> mean[0]).toArray(),
                    means.stream().mapToDouble(mean -> mean[1]).toArray());
            series.setMarker(SeriesMarkers.NONE);
            // The first is wide enough to be seen under the second, which often lies on it.
            boolean first = keyBytes == EntryBytes.KEY_BYTES.getFirst();
            series.setLineColor(first ? SECOND : FIRST);
            series.setLineStyle(new BasicStroke(first ? 3 * LINE_WIDTH : LINE_WIDTH));
        }
        chart.getStyler().setYAxisMin(0.0);
        legend(chart.getStyler());
        chart.getStyler().setLegendPosition(LegendPosition.InsideSE);
        return chart;
    }

    /** Of the first run: percentiles of several have no meaning together. */
    private CategoryChart growth() {
        GrowthResult growth = run.growths().getFirst();
        CategoryChart chart =
                Charts.latencies(String.format("Putting while growing from empty to %,d entries", run.grown()));
        Charts.latency(chart, "put", growth.percentiles().get(Growth.PUT), FIRST, LINE_WIDTH);
        Charts.latency(chart, "idle loop", growth.percentiles().get(Growth.IDLE), SECOND, LINE_WIDTH);
        legend(chart.getStyler());
        return chart;
    }

    private CategoryChart size() {
        CategoryChart chart = Charts.bars("Reading 16 bytes, all keys alike", "ns");
        List<String> counts = List.of("1 million entries", run.many() / 1_000_000 + " million entries");
        for (boolean hugePages : new boolean[] {false, true}) {
            bars(
                    chart,
                    hugePages ? "huge pages" : "default pages",
                    counts,
                    List.of(nanos(StoreRun.size(StoreRun.FEW, hugePages)), nanos(StoreRun.size(run.many(), hugePages))),
                    hugePages ? SECOND : FIRST);
        }
        Charts.labels(chart, "0", 0);
        legend(chart.getStyler());
        return chart;
    }

    private static void bars(
            CategoryChart chart, String name, List<String> categories, List<Double> values, Color colour) {
        chart.addSeries(name, categories, values).setFillColor(colour);
    }

    private static void legend(AxesChartStyler styler) {
        styler.setLegendVisible(true);
        styler.setLegendPosition(LegendPosition.InsideNW);
        styler.setLegendFont(Charts.font(Font.PLAIN, LEGEND_POINTS));
        styler.setLegendBorderColor(Color.WHITE);
    }
}
