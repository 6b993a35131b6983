package dev.zmalloc.bench.compare;

import de.erichseifert.vectorgraphics2d.Processors;
import de.erichseifert.vectorgraphics2d.VectorGraphics2D;
import de.erichseifert.vectorgraphics2d.util.PageSize;
import dev.zmalloc.bench.compare.Comparison.Absent;
import dev.zmalloc.bench.compare.Comparison.Workload;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.knowm.xchart.internal.chartpart.Chart;

/**
 * The comparison as one picture, PNG and SVG: a column for each workload, and in it the course of resident memory, the
 * peaks and what stays behind, time, and fragmentation.
 */
final class ComparisonPicture {
    private static final int PALETTE_COLOURS = 48;
    private static final int COLUMN_WIDTH = 800;
    private static final int MARGIN = 26;
    private static final int HEAD_HEIGHT = 176;
    private static final int COLUMN_HEAD_HEIGHT = 62;
    private static final int COURSE_HEIGHT = 400;
    private static final int PEAKS_HEIGHT = 320;
    private static final int SMALL_HEIGHT = 320;
    private static final int FOOT_HEIGHT = 104;
    private static final int TIME_WIDTH = 200;
    private static final int IN_USE_WIDTH = 345;

    private static final List<String> FOOT = List.of(
            "Resident: growth of the process since before the replay. Used: live bytes as the allocator rounds them up."
                    + " Fragmentation: resident / used. CPU time: of the replaying thread.",
            "Full: filled for the first time; worn: as full again, after blocks of other sizes; settled: the same after"
                    + " purge(), which does at once what decay does with time.",
            "Freed: all but 5 % of the blocks freed at random, at once; purged: the same after purge(). No bar: that"
                    + " allocator has no purge(). Lower is better everywhere.");

    private final Comparison comparison;
    private final int width;

    private ComparisonPicture(Comparison comparison) {
        this.comparison = comparison;
        this.width = 2 * MARGIN + Math.max(2, comparison.workloads().size()) * COLUMN_WIDTH;
    }

    /**
     * Draws into {@code compare-allocators.png} and {@code .svg} in {@code folder}.
     *
     * @param out told why, where it cannot be drawn: some JDKs come without fonts
     * @return the files
     */
    static List<Path> write(Comparison comparison, Path folder, PrintStream out) throws IOException {
        Path png = folder.resolve("compare-allocators.png");
        Path svg = folder.resolve("compare-allocators.svg");
        try {
            ComparisonPicture picture = new ComparisonPicture(comparison);
            picture.writePng(png);
            picture.writeSvg(svg);
            return List.of(png, svg);
        } catch (LinkageError | InternalError | RuntimeException e) {
            // AWT throws any of these where the system lacks fonts, or the JDK was built without its drawing parts.
            out.println("The picture could not be drawn: " + e);
            out.println("    This JDK may lack java.desktop's libraries, or the system fonts (Debian: apt-get install"
                    + " fontconfig fonts-dejavu-core). All figures are in the table and the JSON.");
            return List.of();
        }
    }

    private int height() {
        return HEAD_HEIGHT + COLUMN_HEAD_HEIGHT + COURSE_HEIGHT + PEAKS_HEIGHT + SMALL_HEIGHT + FOOT_HEIGHT;
    }

    private void writePng(Path file) throws IOException {
        BufferedImage image = new BufferedImage(width, height(), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        try {
            draw(graphics);
        } finally {
            graphics.dispose();
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
        // Through memory, since closing the image stream would not close the file's.
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            ImageWriteParam smallest = writer.getDefaultWriteParam();
            smallest.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            smallest.setCompressionQuality(0);
            writer.write(null, new IIOImage(withFewColours(image), null, null), smallest);
        } finally {
            writer.dispose();
        }
        Files.write(file, bytes.toByteArray());
    }

    /**
     * With the 48 colours that are most frequent, and for the others the nearest of them: a third of the file, and no
     * difference to see.
     */
    private static BufferedImage withFewColours(BufferedImage image) {
        int[] pixels = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        Map<Integer, Integer> counts = new HashMap<>();
        for (int pixel : pixels) {
            counts.merge(pixel, 1, Integer::sum);
        }
        int[] palette = counts.entrySet().stream()
                .sorted(Map.Entry.<Integer, Integer>comparingByValue().reversed())
                .limit(PALETTE_COLOURS)
                .mapToInt(Map.Entry::getKey)
                .toArray();
        IndexColorModel colours = new IndexColorModel(8, palette.length, palette, 0, false, -1, DataBuffer.TYPE_BYTE);
        Map<Integer, Integer> nearest = new HashMap<>();
        byte[] indexes = new byte[pixels.length];
        for (int index = 0; index < pixels.length; index++) {
            indexes[index] = (byte) (int) nearest.computeIfAbsent(pixels[index], pixel -> nearest(palette, pixel));
        }
        WritableRaster raster = Raster.createInterleavedRaster(
                new DataBufferByte(indexes, indexes.length),
                image.getWidth(),
                image.getHeight(),
                image.getWidth(),
                1,
                new int[] {0},
                null);
        return new BufferedImage(colours, raster, false, null);
    }

    private static int nearest(int[] palette, int pixel) {
        int best = 0;
        int least = Integer.MAX_VALUE;
        for (int index = 0; index < palette.length; index++) {
            int red = (palette[index] >> 16 & 0xff) - (pixel >> 16 & 0xff);
            int green = (palette[index] >> 8 & 0xff) - (pixel >> 8 & 0xff);
            int blue = (palette[index] & 0xff) - (pixel & 0xff);
            int distance = red * red + green * green + blue * blue;
            if (distance < least) {
                least = distance;
                best = index;
            }
        }
        return best;
    }

    private void writeSvg(Path file) throws IOException {
        VectorGraphics2D graphics = new VectorGraphics2D();
        draw(graphics);
        try (OutputStream out = Files.newOutputStream(file)) {
            Processors.get("svg")
                    .getDocument(graphics.getCommands(), new PageSize(width, height()))
                    .writeTo(out);
        }
    }

    private void draw(Graphics2D graphics) {
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, width, height());
        drawHead(graphics);
        int x = MARGIN;
        for (Workload workload : comparison.workloads()) {
            drawColumn(graphics, workload, x);
            x += COLUMN_WIDTH;
        }
        drawFoot(graphics);
    }

    private void drawHead(Graphics2D graphics) {
        text(
                graphics,
                "Choosing an allocator: the same allocations, replayed with each",
                Font.BOLD,
                30,
                MARGIN + 10,
                48);
        text(
                graphics,
                String.format(
                        Locale.ROOT,
                        "%d MiB requested when full; median of %d %s each; %s",
                        comparison.settings().mebibytes(),
                        comparison.settings().forks(),
                        comparison.settings().forks() == 1 ? "process" : "processes",
                        comparison.machine().date()),
                Font.PLAIN,
                17,
                MARGIN + 10,
                80);
        text(graphics, comparison.machine().words(), Font.PLAIN, 17, MARGIN + 10, 106);
        drawLegend(graphics, 148);
    }

    private void drawLegend(Graphics2D graphics, int baseline) {
        int x = MARGIN + 10;
        for (Backend backend : comparison.backends()) {
            graphics.setColor(Panels.colour(backend.name()));
            graphics.fillRect(x, baseline - 16, 30, 18);
            x = text(graphics, backend.name(), Font.BOLD, 18, x + 40, baseline);
            x = text(graphics, version(backend), Font.PLAIN, 18, x + 7, baseline) + 34;
        }
        graphics.setColor(Panels.REQUESTED);
        graphics.fillRect(x, baseline - 16, 30, 18);
        x = text(graphics, "requested", Font.PLAIN, 18, x + 40, baseline) + 34;
        for (Absent absent : comparison.absent()) {
            x = text(graphics, absent.name() + ": missing", Font.ITALIC, 18, x, baseline) + 34;
        }
    }

    /** The number alone, where a version goes on with how it was built. */
    private static String version(Backend backend) {
        return backend.version().split("-", 2)[0];
    }

    private void drawColumn(Graphics2D graphics, Workload workload, int x) {
        int y = HEAD_HEIGHT;
        text(graphics, workload.kind().title(), Font.BOLD, 24, x + 10, y + 24);
        text(graphics, workload.kind().words(), Font.PLAIN, 15, x + 10, y + 50);
        y += COLUMN_HEAD_HEIGHT;
        paint(graphics, Panels.course(workload), x, y, COLUMN_WIDTH, COURSE_HEIGHT);
        y += COURSE_HEIGHT;
        paint(graphics, Panels.peaks(workload), x, y, COLUMN_WIDTH, PEAKS_HEIGHT);
        y += PEAKS_HEIGHT;
        paint(graphics, Panels.time(workload), x, y, TIME_WIDTH, SMALL_HEIGHT);
        paint(graphics, Panels.fragmentationInUse(workload), x + TIME_WIDTH, y, IN_USE_WIDTH, SMALL_HEIGHT);
        int both = TIME_WIDTH + IN_USE_WIDTH;
        paint(graphics, Panels.fragmentationAfter(workload), x + both, y, COLUMN_WIDTH - both, SMALL_HEIGHT);
    }

    private static void paint(Graphics2D graphics, Chart<?, ?> chart, int x, int y, int width, int height) {
        Graphics2D part = (Graphics2D) graphics.create();
        try {
            part.translate(x, y);
            chart.paint(part, width, height);
        } finally {
            part.dispose();
        }
    }

    private void drawFoot(Graphics2D graphics) {
        int baseline = height() - FOOT_HEIGHT + 26;
        for (String line : FOOT) {
            text(graphics, line, Font.PLAIN, 14, MARGIN + 10, baseline);
            baseline += 24;
        }
    }

    /** Returns where the text ends. */
    private static int text(Graphics2D graphics, String text, int style, int points, int x, int baseline) {
        graphics.setFont(Panels.font(style, points));
        graphics.setColor(Panels.INK);
        graphics.drawString(text, x, baseline);
        return x + graphics.getFontMetrics().stringWidth(text);
    }
}
