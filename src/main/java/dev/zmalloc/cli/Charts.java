package dev.zmalloc.cli;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.text.DecimalFormat;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** How all charts look. */
public final class Charts {
    /** What text is drawn in. */
    public static final Color INK = new Color(0x22, 0x22, 0x22);

    private static final Color GRID = new Color(0xe4, 0xe4, 0xe4);
    private static final int TITLE_POINTS = 18;
    private static final int AXIS_POINTS = 15;
    private static final int TICK_POINTS = 14;
    private static final int LABEL_POINTS = 12;

    private Charts() {}

    /** A font of the kind that all text is in. */
    public static Font font(int style, int points) {
        return new Font(Font.SANS_SERIF, style, points);
    }

    /** A chart of bars, without any yet. */
    public static CategoryChart bars(String title, String unit) {
        CategoryChart chart =
                new CategoryChartBuilder().title(title).yAxisTitle(unit).build();
        style(chart.getStyler());
        CategoryStyler styler = chart.getStyler();
        styler.setAvailableSpaceFill(0.86);
        styler.setChartTitleFont(font(Font.BOLD, TITLE_POINTS - 2));
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setXAxisTitleVisible(false);
        return chart;
    }

    /** A chart of times, in nanoseconds, that a share of operations does not pass; without lines yet. */
    public static CategoryChart latencies(String title) {
        CategoryChart chart = bars(title, "at most");
        CategoryStyler styler = chart.getStyler();
        styler.setXAxisTitleVisible(true);
        chart.setXAxisTitle("% of all");
        styler.setDefaultSeriesRenderStyle(CategorySeriesRenderStyle.Line);
        styler.setOverlapped(true);
        styler.setYAxisLogarithmic(true);
        styler.setYAxisTickLabelsFormattingFunction(Charts::time);
        return chart;
    }

    /** A chart of lines over a logarithmic axis, without any yet, with a legend. */
    public static XYChart curves(String title, String xTitle, String yTitle) {
        XYChart chart = new XYChartBuilder()
                .title(title)
                .xAxisTitle(xTitle)
                .yAxisTitle(yTitle)
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLogarithmic(true);
        chart.getStyler().setLegendVisible(true);
        chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
        chart.getStyler().setLegendFont(font(Font.PLAIN, TICK_POINTS));
        chart.getStyler().setLegendBorderColor(Color.WHITE);
        return chart;
    }

    /**
     * Adds a line to a chart of latencies.
     *
     * @param nanosOfPercentile in ascending order
     */
    public static void latency(
            CategoryChart chart,
            String name,
            Map<Double, ? extends Number> nanosOfPercentile,
            Color colour,
            float width) {
        CategorySeries series = chart.addSeries(
                name,
                nanosOfPercentile.keySet().stream().map(Charts::percentile).toList(),
                List.copyOf(nanosOfPercentile.values()));
        series.setLineColor(colour);
        series.setLineStyle(new BasicStroke(width));
        series.setMarker(SeriesMarkers.CIRCLE);
        series.setMarkerColor(colour);
    }

    private static String percentile(double percentile) {
        return percentile == 100 ? "worst" : new DecimalFormat("0.####").format(percentile);
    }

    private static String time(double nanos) {
        DecimalFormat format = new DecimalFormat("0.###");
        return nanos < 1e3
                ? format.format(nanos) + " ns"
                : nanos < 1e6 ? format.format(nanos / 1e3) + " us" : format.format(nanos / 1e6) + " ms";
    }

    /** Writes its value over each bar, upright or turned, and fits the axis to them. */
    public static void labels(CategoryChart chart, String pattern, int degrees) {
        CategoryStyler styler = chart.getStyler();
        styler.setLabelsVisible(true);
        styler.setLabelsFont(font(Font.PLAIN, LABEL_POINTS));
        styler.setLabelsFontColorAutomaticEnabled(false);
        styler.setLabelsFontColor(INK);
        styler.setLabelsRotation(degrees);
        styler.setLabelsPosition(1.06);
        styler.setYAxisDecimalPattern(pattern);
        styler.setYAxisMin(0.0);
        double most = chart.getSeriesCollection().stream()
                .flatMapToDouble(series -> Arrays.stream(series.getYData()))
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        styler.setYAxisMax(most * (degrees == 0 ? 1.12 : 1.25));
    }

    /** Gives a chart the common look. */
    public static void style(AxesChartStyler styler) {
        styler.setLocale(Locale.ROOT);
        styler.setLegendVisible(false);
        styler.setChartTitleBoxVisible(false);
        styler.setChartTitleFont(font(Font.BOLD, TITLE_POINTS));
        styler.setChartFontColor(INK);
        styler.setAxisTitleFont(font(Font.PLAIN, AXIS_POINTS));
        styler.setAxisTickLabelsFont(font(Font.PLAIN, TICK_POINTS));
        styler.setAxisTickLabelsColor(INK);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setPlotBackgroundColor(Color.WHITE);
        styler.setPlotBorderVisible(false);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1));
        styler.setPlotGridVerticalLinesVisible(false);
        styler.setChartPadding(8);
        ((Styler) styler).setAntiAlias(true);
    }
}
