package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.trace.ReplayResult;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The miss ratio over the limit, a line for each policy, broken ones for the references. */
final class ReplayPicture {
    private static final int WIDTH = 1000;
    private static final int HEIGHT = 600;
    private static final int TICK_PIXELS = 80;

    /** Of M. Okabe and K. Ito's palette, which people with any kind of colour vision can tell apart. */
    private static final int[] PALETTE = {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000};

    private static final Color REFERENCE = new Color(0x66, 0x66, 0x66);

    private ReplayPicture() {}

    /** Draws into a file, SVG or PNG by its name. Returns false, having told {@code err} why, where that fails. */
    static boolean write(Path file, String trace, List<ReplayResult> results, PrintStream err) throws IOException {
        return !Picture.write(
                        WIDTH,
                        HEIGHT,
                        graphics -> Picture.paint(graphics, chart(trace, results), 0, 0, WIDTH, HEIGHT),
                        err,
                        file)
                .isEmpty();
    }

    private static XYChart chart(String trace, List<ReplayResult> results) {
        XYChart chart = Charts.curves(trace, "limit", "miss ratio, %");
        // Powers of two as they are, since the chart's own logarithmic axis only labels those of ten.
        chart.getStyler().setXAxisLogarithmic(false);
        chart.getStyler().setXAxisTickMarkSpacingHint(TICK_PIXELS);
        chart.getStyler().setXAxisTickLabelsFormattingFunction(ReplayPicture::powerOfTwo);
        LongSummaryStatistics limits =
                results.stream().mapToLong(ReplayResult::maxMemory).summaryStatistics();
        chart.getStyler().setXAxisMin(Math.floor(logarithm(limits.getMin())));
        chart.getStyler().setXAxisMax(Math.ceil(logarithm(limits.getMax() + 1)));
        chart.getStyler().setYAxisMin(0.0);
        Map<String, List<ReplayResult>> lines = new LinkedHashMap<>();
        results.stream()
                .sorted(Comparator.comparingLong(ReplayResult::maxMemory))
                .forEach(result -> lines.computeIfAbsent(result.policy(), name -> new ArrayList<>())
                        .add(result));
        int policies = 0;
        int references = 0;
        for (Map.Entry<String, List<ReplayResult>> line : lines.entrySet()) {
            List<ReplayResult> points = line.getValue();
            XYSeries series = chart.addSeries(
                    line.getKey() + (points.getFirst().reference() ? " (values only)" : ""),
                    points.stream().map(point -> logarithm(point.maxMemory())).toList(),
                    points.stream().map(point -> 100 * (1 - point.hitRatio())).toList());
            boolean reference = points.getFirst().reference();
            Color colour = reference ? REFERENCE : new Color(PALETTE[policies++ % PALETTE.length]);
            float[] dashes = reference ? new float[] {references++ == 0 ? 8 : 2, 5} : null;
            series.setLineColor(colour);
            series.setLineStyle(new BasicStroke(2.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dashes, 0));
            series.setMarker(SeriesMarkers.CIRCLE);
            series.setMarkerColor(colour);
        }
        return chart;
    }

    private static double logarithm(long bytes) {
        return Math.log((double) bytes) / Math.log(2);
    }

    private static String powerOfTwo(double exponent) {
        return MemorySize.format(Math.round(Math.pow(2, exponent))).replace(".0", "");
    }
}
