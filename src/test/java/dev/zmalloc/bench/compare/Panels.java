package dev.zmalloc.bench.compare;

import dev.zmalloc.bench.compare.Comparison.Entry;
import dev.zmalloc.bench.compare.Comparison.Workload;
import dev.zmalloc.cli.Charts;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.AnnotationLine;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The single charts of the picture. They have no legends: the picture has one for all. */
final class Panels {
    static final Color REQUESTED = new Color(0xc4, 0xc4, 0xc4);

    /** Of M. Okabe and K. Ito's palette, which people with any kind of colour vision can tell apart. */
    private static final Map<String, Color> COLOURS = Map.of(
            "jemalloc", new Color(0x00, 0x72, 0xb2),
            "libc", new Color(0xe6, 0x9f, 0x00),
            "tcmalloc", new Color(0x00, 0x9e, 0x73),
            "mimalloc", new Color(0xcc, 0x79, 0xa7));

    private static final Color OTHER = new Color(0xd5, 0x5e, 0x00);
    private static final Color MARK = new Color(0x99, 0x99, 0x99);
    private static final double MEBIBYTE = 1 << 20;
    private static final int LABEL_POINTS = 12;

    /** Every second sample is drawn: more is finer than the picture's grain. */
    private static final int SAMPLE_STEP = 2;

    private Panels() {}

    /** The colour of an allocator, the same in every panel. */
    static Color colour(String allocator) {
        return COLOURS.getOrDefault(allocator, OTHER);
    }

    /** The course of resident memory, and of what was requested. */
    static XYChart course(Workload workload) {
        XYChart chart = new XYChartBuilder()
                .title("Resident memory over the replay")
                .xAxisTitle("work done: bytes taken and freed, % of all")
                .yAxisTitle("MiB")
                .build();
        Charts.style(chart.getStyler());
        chart.getStyler().setXAxisMin(0.0).setXAxisMax(100.0).setYAxisMin(0.0);
        double top = 1.18 * mostMebibytes(workload);
        chart.getStyler().setYAxisMax(top);
        line(chart, "requested", workload.control().samples(), ReplayResult.Sample::requestedBytes, REQUESTED, true);
        for (Entry entry : workload.entries()) {
            line(
                    chart,
                    entry.backend().name(),
                    entry.samples(),
                    ReplayResult.Sample::residentBytes,
                    colour(entry.backend().name()),
                    false);
        }
        chart.getStyler().setAnnotationLineColor(MARK);
        chart.getStyler()
                .setAnnotationLineStroke(
                        new BasicStroke(1, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {3, 3}, 0));
        chart.getStyler().setAnnotationTextFont(Charts.font(Font.ITALIC, LABEL_POINTS + 1));
        chart.getStyler().setAnnotationTextFontColor(Charts.INK);
        for (ReplayResult.Sample point : workload.control().points()) {
            if (point.name().equals(Points.FULL) || point.name().equals(Points.WORN)) {
                double percent = point.donePercent();
                chart.addAnnotation(new AnnotationLine(percent, true, false));
                // Beside the line, and on its left where the right has no room for the word.
                chart.addAnnotation(
                        new AnnotationText(point.name(), percent + (percent > 90 ? -3 : 3), 0.95 * top, false));
            }
        }
        return chart;
    }

    private static double mostMebibytes(Workload workload) {
        return workload.entries().stream()
                        .flatMap(entry -> entry.samples().stream())
                        .mapToLong(ReplayResult.Sample::residentBytes)
                        .max()
                        .orElse(1)
                / MEBIBYTE;
    }

    private static void line(
            XYChart chart,
            String name,
            List<ReplayResult.Sample> samples,
            Function<ReplayResult.Sample, Long> figure,
            Color colour,
            boolean filled) {
        int count = (samples.size() + SAMPLE_STEP - 1) / SAMPLE_STEP;
        double[] percents = new double[count];
        double[] mebibytes = new double[count];
        for (int index = 0; index < count; index++) {
            ReplayResult.Sample sample = samples.get(index * SAMPLE_STEP);
            percents[index] = sample.donePercent();
            mebibytes[index] = Math.max(0, figure.apply(sample) / MEBIBYTE);
        }
        XYSeries series = chart.addSeries(name, percents, mebibytes);
        series.setMarker(SeriesMarkers.NONE);
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(filled ? 1 : 2.6f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        if (filled) {
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Area);
            series.setFillColor(colour);
        }
    }

    /** How long the replay takes. */
    static CategoryChart time(Workload workload) {
        CategoryChart chart = Charts.bars("CPU time", "seconds");
        for (Entry entry : workload.entries()) {
            bar(chart, entry, List.of(""), List.of(entry.processorSeconds()));
        }
        Charts.labels(chart, "0.00", 90);
        return chart;
    }

    /** What is used at the peak, against what was requested. */
    static CategoryChart peaks(Workload workload) {
        CategoryChart chart = Charts.bars("Peaks, and what stays after freeing", "MiB");
        List<String> moments = List.of("peak used", "peak resident", Points.FREED, Points.PURGED);
        requested(chart, workload, moments);
        for (Entry entry : workload.entries()) {
            List<@Nullable Double> values = new ArrayList<>();
            values.add(entry.peakUsedBytes() / MEBIBYTE);
            values.add(entry.peakResidentBytes() / MEBIBYTE);
            values.add(at(entry, Points.FREED, point -> point.residentBytes() / MEBIBYTE));
            values.add(at(entry, Points.PURGED, point -> point.residentBytes() / MEBIBYTE));
            bar(chart, entry, moments, values);
        }
        Charts.labels(chart, "0", 0);
        return chart;
    }

    private static void requested(CategoryChart chart, Workload workload, List<String> moments) {
        double peak = workload.peakRequestedBytes() / MEBIBYTE;
        double left = workload.control().points().stream()
                .filter(point -> point.name().equals(Points.FREED))
                .mapToDouble(point -> point.requestedBytes() / MEBIBYTE)
                .findFirst()
                .orElse(0);
        chart.addSeries("requested", moments, List.of(peak, peak, left, left)).setFillColor(REQUESTED);
    }

    /** Fragmentation while memory is in use. */
    static CategoryChart fragmentationInUse(Workload workload) {
        return fragmentation(
                workload, "Fragmentation in use", List.of(Points.FULL, Points.WORN, Points.SETTLED), "0.00");
    }

    /** Fragmentation of the few blocks that are left. */
    static CategoryChart fragmentationAfter(Workload workload) {
        return fragmentation(workload, "Fragmentation after", List.of(Points.FREED, Points.PURGED), "0.0");
    }

    private static CategoryChart fragmentation(Workload workload, String title, List<String> moments, String pattern) {
        CategoryChart chart = Charts.bars(title, "resident / used");
        for (Entry entry : workload.entries()) {
            List<@Nullable Double> values = new ArrayList<>();
            moments.forEach(moment -> values.add(at(entry, moment, Comparison::fragmentation)));
            bar(chart, entry, moments, values);
        }
        Charts.labels(chart, pattern, 90);
        return chart;
    }

    /** Null where the allocator does not have that moment: there is no bar then. */
    @SuppressWarnings("NullAway") // XChart takes null for a value that there is not
    private static @Nullable Double at(Entry entry, String moment, ToDoubleFunction<ReplayResult.Sample> figure) {
        return entry.point(moment).map(figure::applyAsDouble).orElse(null);
    }

    private static void bar(CategoryChart chart, Entry entry, List<String> moments, List<@Nullable Double> values) {
        CategorySeries series = chart.addSeries(entry.backend().name(), moments, values);
        series.setFillColor(colour(entry.backend().name()));
    }
}
