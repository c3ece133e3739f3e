"""Draws the sample media of the gallery: landscapes and one film, all computed, nothing copied.

    python3 -m venv .venv && .venv/bin/pip install numpy pillow
    .venv/bin/python make-samples.py            # needs ffmpeg for the film
    .venv/bin/python make-samples.py dunes fern # only these; `film` is the film

Every path below `samples/` is an object key: `samples/public/dunes.jpg` is `public/dunes.jpg`.
A picture is an array of floats, height x width x 3, from 0 (black) to 1 (white).
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 1067
SAMPLES = Path(__file__).parent / "samples"


def main(only):
    for key, paint in PICTURES.items():
        if not only or any(part in key for part in only):
            save(key, paint(np.random.default_rng(sum(key.encode()))))
    if not only or "film" in only:
        film("users/alice/slow tide.mp4")


# --- the tools ---------------------------------------------------------------------------------


def colour(code):
    """`#rrggbb` as three floats."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def ramp(t, *stops):
    """Colours for the numbers `t` in 0..1, along evenly spaced stops."""
    codes = np.array([colour(stop) for stop in stops])
    at = np.linspace(0, 1, len(codes))
    return np.stack([np.interp(t, at, codes[:, channel]) for channel in range(3)], axis=-1)


def grid(width=WIDTH, height=HEIGHT):
    """Coordinates: x in 0..1 from the left, y in 0..1 from the top."""
    return np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))


def sky(*stops, size=(WIDTH, HEIGHT)):
    """A vertical gradient."""
    column = ramp(np.linspace(0, 1, size[1]), *stops)
    return np.repeat(column[:, None, :], size[0], axis=1)


def line_noise(rng, x, scale, octaves=5, roughness=0.5):
    """Smooth one-dimensional noise around 0, for ridges and wave crests."""
    total, weight = np.zeros_like(x), 1.0
    for _ in range(octaves):
        points = rng.uniform(-1, 1, int(scale) + 4)
        at = x * scale
        left = np.floor(at).astype(int)
        part = at - left
        part = part * part * (3 - 2 * part)
        total += weight * (points[left] * (1 - part) + points[left + 1] * part)
        scale, weight = scale * 2, weight * roughness
    return total


def field_noise(rng, scale, octaves=5, roughness=0.5, stretch=1.0, size=(WIDTH, HEIGHT)):
    """Smooth two-dimensional noise in 0..1; `stretch` above 1 draws it out sideways."""
    total, weight = np.zeros((size[1], size[0])), 1.0
    for _ in range(octaves):
        cells = (max(2, int(scale / stretch)) + 1, max(2, int(scale * size[1] / size[0])) + 1)
        coarse = Image.fromarray(rng.random((cells[1], cells[0])).astype("float32"))
        total += weight * np.asarray(coarse.resize(size, Image.Resampling.BICUBIC))
        scale, weight = scale * 2, weight * roughness
    return (total - total.min()) / (total.max() - total.min())


def blend(picture, paint, amount):
    """Lays `paint` (a colour or a picture) over `picture`; `amount` is 0..1 per pixel."""
    amount = np.clip(amount, 0, 1)[..., None]
    return picture * (1 - amount) + paint * amount


def glow(picture, x, y, radius, paint, strength=1.0, falloff=2.0):
    """Adds light around a point, the less the lighter it is there already."""
    gx, gy = grid(picture.shape[1], picture.shape[0])
    aspect = picture.shape[1] / picture.shape[0]
    far = np.hypot((gx - x) * aspect, gy - y) / radius
    light = strength / (1 + far**falloff)
    return picture + light[..., None] * paint * (1 - np.clip(picture, 0, 1))


def disc(picture, x, y, radius, paint):
    gx, gy = grid(picture.shape[1], picture.shape[0])
    aspect = picture.shape[1] / picture.shape[0]
    far = np.hypot((gx - x) * aspect, gy - y)
    return blend(picture, paint, (radius - far) * picture.shape[0] / 1.5 + 0.5)


def below(ridge, height=HEIGHT, soft=1.2):
    """1 below the ridge line (given as y in 0..1 per column), 0 above, smoothed."""
    rows = np.arange(height)[:, None]
    return np.clip((rows - ridge[None, :] * height) / soft + 0.5, 0, 1)


def hill(picture, ridge, top, foot, depth=0.35):
    """A hill from its ridge downwards: colour `top`, fading to `foot` after `depth`."""
    rows = np.linspace(0, 1, picture.shape[0])[:, None]
    fall = np.clip((rows - ridge[None, :]) / depth, 0, 1)
    paint = colour(top) * (1 - fall[..., None]) + colour(foot) * fall[..., None]
    return blend(picture, paint, below(ridge, picture.shape[0]))


def shapes(draw_on):
    """The cover of what `draw_on` draws at twice the size, as 0..1 per pixel."""
    mask = Image.new("L", (WIDTH * 2, HEIGHT * 2))
    draw_on(ImageDraw.Draw(mask))
    return np.asarray(mask.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)) / 255


def shadow(cover, radius, down, right):
    """The cover moved and blurred; what lies outside the picture continues its edge."""
    moved = np.pad(cover, ((down, 0), (right, 0)), mode="edge")[: cover.shape[0], : cover.shape[1]]
    return soften(moved, radius)


def soften(cover, radius):
    image = Image.fromarray((np.clip(cover, 0, 1) * 255).astype("uint8"))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius))) / 255


def reflect(rng, picture, horizon, tint, strength=0.35):
    """Water below `horizon`: the upper part mirrored, broken up more the nearer it is."""
    first = int(horizon * HEIGHT)
    rows = np.arange(first, HEIGHT)
    near = (rows - first) / (HEIGHT - first)
    waves = field_noise(rng, 90, 3, stretch=9)[first:]
    fine = field_noise(rng, 260, 2, stretch=12)[first:]
    shift = ((waves - 0.5) * 90 + (fine - 0.5) * 40) * (0.12 + near[:, None])
    lines = np.clip(2 * first - rows[:, None] + shift * 0.55, 0, first - 1).astype(int)
    columns = np.clip(np.arange(WIDTH)[None, :] + shift * 0.3, 0, WIDTH - 1).astype(int)
    mirrored = picture[lines, columns]
    water = mirrored * (1 - strength) + colour(tint) * strength
    water *= (0.94 + 0.12 * fine)[..., None]
    picture = picture.copy()
    picture[first:] = water
    return picture


def stars(rng, picture, count, lowest=0.7):
    picture = picture.copy()
    xs, ys = rng.integers(2, WIDTH - 2, count), rng.integers(2, int(HEIGHT * lowest), count)
    for x, y, light in zip(xs, ys, rng.power(0.35, count)):
        picture[y, x] += light * rng.uniform(0.75, 1, 3)
        if light > 0.8:
            picture[y - 1 : y + 2, x - 1 : x + 2] += 0.16 * light
    return picture


def pine(draw, x, foot, height, rng):
    """One conifer, for `shapes` (coordinates at twice the size)."""
    tiers, half = int(7 + height / 40), height * 0.17
    left, right = [], []
    for tier in range(tiers):
        part = (tier + 1) / tiers
        y = foot - height * (1 - part) - height * 0.03
        reach = half * part * rng.uniform(0.8, 1.15)
        left += [(x - reach, y), (x - reach * 0.45, y - height * 0.012)]
        right += [(x + reach, y), (x + reach * 0.45, y - height * 0.012)]
    draw.polygon([(x, foot - height), *left, *reversed(right)], fill=255)
    draw.rectangle([x - height * 0.012, foot - height * 0.05, x + height * 0.012, foot + 8], fill=255)


def wood(rng, ridge, count, low, high):
    """Conifers standing on a ridge."""

    def draw_on(draw):
        for at in np.sort(rng.uniform(0, 1, count)):
            column = min(int(at * WIDTH), WIDTH - 1)
            foot = ridge[column] * HEIGHT * 2 + 6
            pine(draw, at * WIDTH * 2, foot, rng.uniform(low, high) * HEIGHT * 2, rng)

    return np.maximum(shapes(draw_on), below(ridge))


def save(key, picture):
    """Writes the picture with a little grain, which keeps JPEG gradients free of bands."""
    grain = np.random.default_rng(1).normal(0, 0.006, picture.shape[:2])[..., None]
    image = Image.fromarray((np.clip(picture + grain, 0, 1) * 255).astype("uint8"))
    path = SAMPLES / key
    path.parent.mkdir(parents=True, exist_ok=True)
    for quality in (84, 80, 76, 72, 68):
        image.save(path, quality=quality, optimize=True, progressive=True, subsampling=1)
        if path.stat().st_size <= 240_000:
            break
    print(f"{path.stat().st_size / 1000:6.0f} kB  {key}")


# --- the pictures ------------------------------------------------------------------------------

X = np.linspace(0, 1, WIDTH)


def harbour(rng):
    horizon = 0.6
    picture = sky("#39507c", "#7d87ab", "#d9a9a4", "#f7c99b", "#fbdcae", "#fbdcae", "#fbdcae", "#fbdcae")
    clouds = field_noise(rng, 8, 6, 0.55, stretch=5)
    gx, gy = grid()
    picture = blend(picture, colour("#f4b6a0"), (clouds - 0.55) * 2.2 * np.clip(1 - gy * 1.7, 0, 1))
    picture = glow(picture, 0.63, horizon - 0.05, 0.14, colour("#ffb765"), 0.5)
    picture = disc(picture, 0.63, horizon - 0.055, 0.034, colour("#fff4d8"))
    for depth, (top, foot) in enumerate([("#b08f9c", "#d8b0a4"), ("#8a7590", "#b994a0"), ("#5d5577", "#83708c")]):
        reach = np.clip(1.1 - abs(X - (0.02, 0.98, -0.12)[depth]) * (1.5, 1.9, 2.3)[depth], 0, 1)
        ridge = horizon - reach**1.5 * (0.10 + 0.035 * depth) * (1 + 0.4 * line_noise(rng, X, 5))
        picture = hill(picture, np.where(reach > 0, ridge, 2), top, foot, 0.12)

    def boats(draw):
        for x, size in [(0.30, 0.1), (0.415, 0.055), (0.80, 0.135), (0.525, 0.035)]:
            at, foot, tall = x * WIDTH * 2, horizon * HEIGHT * 2 + 2, size * HEIGHT * 2
            draw.polygon([(at - tall * 0.36, foot - tall * 0.1), (at + tall * 0.42, foot - tall * 0.1),
                          (at + tall * 0.3, foot + 6), (at - tall * 0.26, foot + 6)], fill=255)
            draw.polygon([(at, foot - tall * 1.12), (at, foot - tall * 0.16), (at + tall * 0.36, foot - tall * 0.17)], fill=255)
            draw.polygon([(at - tall * 0.035, foot - tall * 0.95), (at - tall * 0.035, foot - tall * 0.16),
                          (at - tall * 0.29, foot - tall * 0.17)], fill=255)

    picture = blend(picture, colour("#3a3352"), shapes(boats) * (gy < horizon))
    picture = reflect(rng, picture, horizon, "#4b5a83", 0.3)
    return blend(picture, colour("#24355c"), np.clip((gy - 0.72) * 1.4, 0, 0.45))


def dunes(rng):
    picture = sky("#4f86b5", "#93b9d0", "#f0dcc2", "#f6d9b1", "#f6d9b1")
    picture = glow(picture, 0.16, 0.27, 0.12, colour("#fff0cf"), 0.8)
    gx, gy = grid()
    # Each dune: its base line, its peaks as (x, height, width), lit, low and shaded sand.
    for base, peaks, lit, low, shade in [
        (0.47, [(0.70, 0.05, 0.20), (0.28, 0.035, 0.22)], "#ecc79c", "#dfb083", "#c0906a"),
        (0.56, [(0.36, 0.11, 0.17), (0.93, 0.07, 0.16)], "#e8b27a", "#d39560", "#a06d4b"),
        (0.70, [(0.66, 0.17, 0.22), (0.02, 0.06, 0.16)], "#df9b59", "#c47c40", "#84512f"),
        (0.93, [(0.22, 0.17, 0.24), (1.05, 0.14, 0.22)], "#cf8142", "#a95c2e", "#5f3325"),
    ]:
        ridge = base + 0.006 * line_noise(rng, X, 3, 2)
        for at, tall, wide in peaks:
            # The windward side rises slowly, the lee side falls off.
            side = np.where(at > X, (at - X) / (wide * 1.7), (X - at) / wide)
            ridge = ridge - tall / (1 + side**2 * 1.4) ** 1.5 * np.exp(-side * 0.35)
        rows = gy - ridge[None, :]
        sand = ramp(np.clip(rows / 0.3, 0, 1), lit, low)
        ripples = np.sin(rows * (640 - 420 * base) + 14 * field_noise(rng, 4, 3, stretch=2))
        sand = sand * (1 + 0.02 * ripples * np.clip(rows * 12, 0, 1))[..., None]
        for at, tall, wide in peaks:
            down = np.clip(gy - ridge[np.clip(int(at * WIDTH), 0, WIDTH - 1)], 0, 1)
            fold = at + wide * (0.42 * np.sin(down * 2.1 / tall) - 0.9 * down)
            lee = np.clip((gx - fold) * 160, 0, 1) * np.clip(1.25 - (gx - fold) / wide / 1.25, 0, 1)
            sand = blend(sand, colour(shade), lee * np.clip(1.2 - down / (tall * 2.6), 0, 0.92))
        picture = blend(picture, sand, below(ridge))
    haze = np.exp(-((gy - 0.46) ** 2) * 130) * 0.42
    return blend(picture, colour("#f6dcb8"), haze * (gy > 0.3))


def aurora(rng):
    horizon = 0.76
    picture = sky("#050b1c", "#081a33", "#0d3044", "#12414a", "#12414a")
    picture = stars(rng, picture, 1400, horizon)
    gx, gy = grid()
    for offset, drift, light, upper in [(0.60, 0.10, 0.95, "#7a5fd0"), (0.47, 0.16, 0.75, "#b04fa8"), (0.36, 0.2, 0.3, "#3f7fd0")]:
        crest = offset + drift * line_noise(rng, X, 2.2, 3, 0.45)
        rays = 0.45 + 0.55 * np.clip(0.5 + line_noise(rng, X, 26, 4, 0.7), 0, 1.3)
        veil = np.clip(0.62 + 0.75 * line_noise(rng, X, 3, 2), 0.05, 1)
        rise = crest[None, :] - gy
        height = 0.20 + 0.12 * rays[None, :]
        shape = np.where(rise > 0, np.exp(-rise / height * 1.6), np.exp(rise * 42))
        tone = ramp(np.clip(rise / 0.42, 0, 1), "#7dffb2", "#45e0a8", upper, upper)
        picture = picture + (shape * rays[None, :] * veil[None, :] * light * 0.72)[..., None] * tone
    for base, rough, paint, foot in [(0.69, 0.05, "#0d2733", "#15404a"), (0.735, 0.035, "#071720", "#0b2029")]:
        picture = hill(picture, base - rough * (0.6 + line_noise(rng, X, 6, 6, 0.48)), paint, foot, 0.1)
    picture = reflect(rng, picture, horizon, "#06202c", 0.38)
    return blend(picture, colour("#03080f"), np.clip((gy - 0.86) * 2.4, 0, 0.6))


def fog(rng):
    picture = sky("#c8d6d6", "#dfe4dc", "#f3e9d8", "#f3e9d8")
    picture = glow(picture, 0.7, 0.22, 0.1, colour("#fff3d6"), 0.35)
    gx, gy = grid()
    for depth in range(7):
        part = depth / 6
        ridge = 0.3 + 0.105 * depth + (0.085 - 0.006 * depth) * line_noise(rng, X, 2.4 + 0.3 * depth, 6, 0.46)
        tone = ramp(np.array(part**0.9), "#b7c9ca", "#86a5a8", "#4f7a7e", "#274f55", "#10302f")
        cover = wood(rng, ridge, 90 + 60 * depth, 0.008 + 0.012 * part, 0.02 + 0.1 * part**1.6) if depth > 1 else below(ridge)
        mist = np.clip((gy - ridge[None, :]) / (0.16 + 0.03 * depth), 0, 1)[..., None]
        pale = ramp(np.array(part), "#e4e8e0", "#cfdbd8", "#7ea0a0", "#1c403f")
        picture = blend(picture, tone * (1 - mist * 0.8) + pale * mist * 0.8, cover)
    return picture


def moonrise(rng):
    picture = sky("#14143a", "#2f2a5e", "#6a4679", "#b76a80", "#e39a86", "#e39a86")
    picture = stars(rng, picture, 500, 0.4)
    picture = glow(picture, 0.34, 0.43, 0.26, colour("#ffcfae"), 0.33)
    before = picture
    picture = disc(picture, 0.34, 0.43, 0.165, colour("#fdeedb"))
    seas = np.clip((field_noise(rng, 15, 4) - 0.5) * 2.1, 0, 0.42)
    gx, gy = grid()
    inside = np.clip((0.163 - np.hypot((gx - 0.34) * 1.5, gy - 0.43)) * 60, 0, 1)
    picture = blend(picture, colour("#d3a99b"), seas * inside)
    bands = np.clip((field_noise(rng, 5, 5, stretch=9) - 0.58) * 3, 0, 0.6) * np.exp(-((gy - 0.5) ** 2) * 60)
    picture = blend(picture, before * 0.8 + 0.2 * colour("#8e5a83"), bands)
    for base, rough, scale, top, foot in [(0.60, 0.07, 3, "#8a5480", "#c27f88"), (0.68, 0.06, 4, "#5b3b70", "#8d5b7f"),
                                          (0.77, 0.05, 3, "#382958", "#553a6b"), (0.87, 0.045, 4, "#1c1738", "#2a2147")]:
        picture = hill(picture, base - rough * line_noise(rng, X, scale, 6, 0.45), top, foot, 0.16)
    return picture


def atoll(rng):
    """Paper cut: one noise field in terraces, each with its shadow on the one below."""
    gx, gy = grid()
    ground = 0.62 * field_noise(rng, 4.2, 3, 0.42) + 0.5 * np.exp(-((gx - 0.56) ** 2 * 3.2 + (gy - 0.5) ** 2 * 5.2))
    ground = (ground - ground.min()) / (ground.max() - ground.min())
    tones = ["#0f3d52", "#15566b", "#1e7486", "#3c979d", "#74b9b0", "#b5d8c3", "#f0e2c0", "#eecb9a", "#e3a877", "#c98361"]
    picture = np.ones((HEIGHT, WIDTH, 3)) * colour(tones[0])
    for level, tone in enumerate(tones[1:], 1):
        cut = level / len(tones) * 0.96 + 0.03
        cover = np.clip((ground - cut) * 700, 0, 1)
        picture = blend(picture, picture * 0.52, shadow(cover, 13, 12, 9) * 0.62)
        picture = blend(picture, colour(tone) * (1.02 - 0.05 * field_noise(rng, 300, 1))[..., None], cover)
    return picture


def fern(rng):
    """A botanical print: fronds of pointed leaves on paper."""
    picture = np.ones((HEIGHT, WIDTH, 3)) * colour("#f3ecdd")
    picture *= (0.975 + 0.05 * field_noise(rng, 40, 5))[..., None]

    def frond(root, angle, length, curl, tall):
        def draw_on(draw):
            x, y = root[0] * WIDTH * 2, root[1] * HEIGHT * 2
            turn, steps = np.radians(angle), 34
            for step in range(steps):
                part = step / (steps - 1)
                nx, ny = x + np.cos(turn) * length / steps, y - np.sin(turn) * length / steps
                draw.line([(x, y), (nx, ny)], fill=255, width=int(2 + 9 * (1 - part)))
                size = tall * np.sin(np.pi * min(1, 0.12 + part * 0.92)) ** 0.8 * (1 - 0.35 * part)
                for side in (-1, 1):
                    lean = turn + side * (1.12 - 0.45 * part)
                    tip = np.array([nx + np.cos(lean) * size, ny - np.sin(lean) * size])
                    across = np.array([np.sin(lean), np.cos(lean)]) * size * 0.1
                    mid = np.array([nx, ny]) * 0.55 + tip * 0.45
                    draw.polygon([(nx, ny), tuple(mid + across), tuple(tip), tuple(mid - across)], fill=255)
                x, y, turn = nx, ny, turn + np.radians(curl) / steps

        return shapes(draw_on)

    prints = [((0.20, 1.06), 96, 1850, 20, 330, "#b9c4a0"), ((0.83, 1.08), 88, 1950, -26, 360, "#cfc49b"),
              ((0.28, 1.1), 112, 1700, -26, 260, "#d9b98a"), ((0.73, 1.1), 70, 1700, 24, 260, "#a8b89a"),
              ((0.34, 1.08), 78, 2050, 30, 300, "#7d9a77"), ((0.66, 1.1), 104, 2150, -34, 330, "#4f7a68"),
              ((0.50, 1.1), 90, 2000, 16, 250, "#234f49"), ((0.05, 1.02), 70, 1250, 40, 230, "#c98d63"),
              ((0.97, 1.04), 112, 1300, -40, 220, "#b5694c")]
    for root, angle, length, curl, tall, tone in prints:
        cover = frond(root, angle, length, curl, tall)
        picture = blend(picture, picture * colour("#e8dfca"), shadow(cover, 9, 9, 7) * 0.8)
        picture = blend(picture, picture * 0.12 + colour(tone) * 0.88, cover * (0.86 + 0.14 * field_noise(rng, 60, 3)))
    return picture


def summer(rng):
    picture = sky("#2f7fc0", "#6fb1dd", "#b9dcea", "#eef2e2", "#eef2e2")
    gx, gy = grid()
    heap = field_noise(rng, 5, 6, 0.52, stretch=1.7)
    cover = np.clip((heap - 0.53 - abs(gy - 0.25) * 0.45) * 7, 0, 1)
    lit = np.clip(0.72 + (np.roll(heap, (-16, -10), (0, 1)) - heap) * -4.5, 0.45, 1)[..., None]
    picture = blend(picture, colour("#ffffff") * lit + colour("#a9c3dc") * (1 - lit), cover * 0.95)
    for base, rough, scale, top, foot in [(0.52, 0.03, 3, "#8fb3a8", "#b9cfb0"), (0.57, 0.035, 3, "#6f9f6c", "#9cbd6e"),
                                          (0.63, 0.04, 2, "#7ea845", "#b7c455")]:
        picture = hill(picture, base - rough * line_noise(rng, X, scale, 3, 0.35), top, foot, 0.14)
    ridge = 0.7 - 0.025 * line_noise(rng, X, 2, 2)
    rows = np.clip((gy - ridge[None, :]) / 0.3, 0, 1)
    grass = ramp(rows, "#c9c95a", "#9db547", "#5f8a34", "#3f6a2c") * (0.86 + 0.28 * field_noise(rng, 220, 2, stretch=0.25))[..., None]
    picture = blend(picture, grass, below(ridge))
    for tone, count in [("#f6d34a", 500), ("#fbf5e6", 420), ("#e2492f", 900), ("#c9301f", 420)]:

        def flowers(draw):
            for near in np.sort(rng.power(1.5, count)):
                x, y = rng.uniform(0, WIDTH * 2), (0.705 + 0.3 * near) * HEIGHT * 2
                size = (1.2 + 15 * near**1.8) * rng.uniform(0.7, 1.15)
                draw.ellipse([x - size, y - size * 0.72, x + size, y + size * 0.72], fill=255)

        picture = blend(picture, colour(tone) * (0.85 + 0.3 * field_noise(rng, 120, 2))[..., None], shapes(flowers))
    return glow(picture, 0.9, 0.05, 0.3, colour("#fff3c4"), 0.22)


def lavender(rng):
    picture = sky("#4d5d9e", "#a58cb8", "#f0a893", "#fbcf98", "#fde3b3", "#fde3b3", "#fde3b3")
    gx, gy = grid()
    picture = blend(picture, colour("#f7b7a0"), (field_noise(rng, 6, 6, stretch=6) - 0.5) * 1.6 * np.clip(1 - gy * 2, 0, 1))
    picture = glow(picture, 0.5, 0.47, 0.12, colour("#ffd08a"), 0.55)
    picture = disc(picture, 0.5, 0.455, 0.032, colour("#fff6dc"))
    picture = hill(picture, 0.475 - 0.03 * line_noise(rng, X, 3, 4), "#a88bb0", "#d8a9a6", 0.07)
    picture = hill(picture, 0.505 - 0.02 * line_noise(rng, X, 4, 4), "#7b6b97", "#a5839a", 0.06)
    horizon = 0.52
    depth = np.clip((gy - horizon) / (1 - horizon), 0.002, 1)
    across = (gx - 0.5) / depth
    rows = across * 3.1 + 0.03 * (field_noise(rng, 60, 3) - 0.5) / depth**0.3
    crest = 0.5 + 0.5 * np.cos(rows * 2 * np.pi)
    tuft = field_noise(rng, 200, 3, 0.7) * 0.55 + 0.6
    bloom = ramp(np.clip(crest * 1.1 - 0.1, 0, 1), "#2d2345", "#4b3574", "#7a55a8", "#a982cf", "#cfaee0")
    field = bloom * tuft[..., None] * (0.82 + 0.3 * np.exp(-((gx - 0.5) ** 2) * 14))[..., None]
    field = blend(field, colour("#d9a5b4"), np.exp(-depth * 9) * 0.85)
    picture = blend(picture, field, below(np.full(WIDTH, horizon)))

    def tree(draw):
        x, y = 0.735 * WIDTH * 2, (horizon + 0.012) * HEIGHT * 2
        draw.rectangle([x - 7, y - 90, x + 7, y], fill=255)
        for _ in range(70):
            a, r = rng.uniform(0, 2 * np.pi), 82 * np.sqrt(rng.random())
            px, py, s = x + r * 1.05 * np.cos(a), y - 160 + r * np.sin(a) * 0.95, rng.uniform(14, 32)
            draw.ellipse([px - s, py - s, px + s, py + s], fill=255)

    return blend(picture, colour("#3a2c4f"), shapes(tree))


def snowfall(rng):
    picture = sky("#7f94ab", "#aebccb", "#d6dde3", "#e9ebec", "#e9ebec")
    gx, gy = grid()
    for depth, (tone, foot) in enumerate([("#b3c0cc", "#dde3e8"), ("#8fa1b1", "#cdd6de"), ("#64798c", "#b3c0cc"), ("#33485c", "#8fa1b1")]):
        ridge = 0.46 + 0.115 * depth + 0.05 * line_noise(rng, X, 2.2, 3, 0.35)
        cover = wood(rng, ridge, (150, 110, 60, 26)[depth], 0.03 + 0.035 * depth, 0.075 + 0.085 * depth)
        down = np.clip((gy - ridge[None, :] + 0.03) / 0.1, 0, 1)
        paint = colour(tone) * (1 - down[..., None]) + colour(foot) * down[..., None]
        picture = blend(picture, paint, cover)
    bank = 0.9 + 0.03 * line_noise(rng, X, 2, 2)
    picture = hill(picture, bank, "#f2f5f7", "#c9d5e0", 0.14)
    for count, low, high, light in [(900, 1, 3, 0.75), (260, 3, 7, 0.6), (42, 12, 26, 0.24)]:

        def flakes(draw):
            for x, y, size in zip(rng.uniform(0, WIDTH * 2, count), rng.uniform(0, HEIGHT * 2, count), rng.uniform(low, high, count)):
                draw.ellipse([x - size, y - size, x + size, y + size], fill=255)

        picture = blend(picture, colour("#ffffff"), soften(shapes(flakes), high / 9) * light)
    return picture


def canyon(rng):
    """Walls of a slot canyon, one behind the other, from the light at the end to the dark here."""
    gx, gy = grid()
    picture = ramp(np.clip(gy * 0.9, 0, 1), "#fff3cf", "#ffdf9c", "#fbb765", "#e0813f")
    y = np.linspace(0, 1, HEIGHT)
    for depth in range(7):
        part = depth / 6
        middle = 0.54 - 0.02 * depth + 0.07 * line_noise(rng, y, 1.6, 2)
        half = 0.035 + 0.075 * depth**1.12
        for side in (-1, 1):
            edge = middle + side * (half + (0.03 + 0.035 * part) * line_noise(rng, y, 2.6, 3, 0.42))
            away = (gx - edge[:, None]) * side
            bent = gy * 1.3 + 0.55 * away + 0.22 * field_noise(rng, 3, 3, stretch=1.6)
            strata = 0.55 * np.sin(bent * 95) + 0.3 * np.sin(bent * 231 + 2) + 0.4 * np.sin(bent * 37 + depth)
            light = 0.93 - 0.68 * part - np.clip(away * (1.5 - 0.4 * part), 0, 0.28) + 0.032 * strata - 0.1 * (gy - 0.4) * (1 - part)
            rim = np.exp(-np.clip(away, 0, 1) * 70) * (0.16 - 0.09 * part)
            stone = ramp(np.clip(light + rim, 0, 1), "#150a1c", "#3a1428", "#74262f", "#b4472e", "#e07a35", "#f6ab58", "#fdd58f")
            over = np.clip(away * WIDTH / 1.4 + 0.5, 0, 1)
            picture = blend(picture, picture * 0.62, soften(np.clip(1 + away * 22, 0, 1), 8) * 0.5)
            picture = blend(picture, stone, over)
    return glow(picture, 0.54, 0.02, 0.2, colour("#ffd9a0"), 0.4)


def trails(rng):
    picture = sky("#0a1230", "#142552", "#2b3f78", "#6d6a92", "#d39a86", "#d39a86")

    def arcs(bright):
        def draw_on(draw):
            px, py = 0.62 * WIDTH * 2, 0.44 * HEIGHT * 2
            for _ in range(260):
                radius, start = 2500 * np.sqrt(rng.random()), rng.uniform(0, 360)
                draw.arc([px - radius, py - radius, px + radius, py + radius], start, start + rng.uniform(22, 30),
                         fill=int(255 * rng.uniform(0.25, 1)), width=int(rng.choice(bright)))

        return shapes(draw_on)

    gx, gy = grid()
    dim = np.clip(1.15 - gy * 1.15, 0, 1)
    for tone, widths in [("#cfe0ff", [2, 2, 3]), ("#fff0d2", [2, 3, 4]), ("#9db8ff", [2, 2])]:
        picture = picture + (arcs(widths) * dim * 0.62)[..., None] * colour(tone)
    picture = hill(picture, 0.8 - 0.06 * line_noise(rng, X, 3, 6, 0.46), "#4b4068", "#7b5f78", 0.14)
    ridge = 0.9 - 0.04 * line_noise(rng, X, 3, 5, 0.42)
    return blend(picture, colour("#120e22"), wood(rng, ridge, 150, 0.02, 0.085))


PICTURES = {
    "public/harbour at dawn.jpg": harbour,
    "public/dunes.jpg": dunes,
    "public/aurora.jpg": aurora,
    "members/ridges in fog.jpg": fog,
    "members/moonrise.jpg": moonrise,
    "members/paper atoll.jpg": atoll,
    "users/alice/été.jpg": summer,
    "users/alice/lavender.jpg": lavender,
    "users/alice/fern.jpg": fern,
    "users/bob/snowfall.jpg": snowfall,
    "users/bob/slot canyon.jpg": canyon,
    "users/bob/star trails.jpg": trails,
}


# --- the film ----------------------------------------------------------------------------------


def film(key, width=1280, height=720, seconds=14, rate=25):
    """The sun goes down over a slow swell; every wave moves a whole number of times, so it loops."""
    path = SAMPLES / key
    encoder = subprocess.Popen(
        ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
         "-r", str(rate), "-i", "-", "-c:v", "libx264", "-preset", "slow", "-crf", "23", "-pix_fmt", "yuv420p",
         "-movflags", "+faststart", "-fflags", "+bitexact", str(path)],
        stdin=subprocess.PIPE)
    for frame in range(seconds * rate):
        picture = swell(frame / (seconds * rate), width, height)
        encoder.stdin.write((np.clip(picture, 0, 1) * 255).astype("uint8").tobytes())
    encoder.stdin.close()
    if encoder.wait() != 0:
        raise SystemExit("ffmpeg could not write the film")
    print(f"{path.stat().st_size / 1000:6.0f} kB  {key}")


def swell(time, width, height):
    """One frame at `time` in 0..1."""
    x = np.linspace(0, 1, width)
    dusk = 0.5 - 0.5 * np.cos(2 * np.pi * time)
    day, night = ["#5b7fb0", "#a9b7cf", "#f4c9a8", "#fbd9a4"], ["#2a2a5e", "#7a4f83", "#e0766a", "#f7a468"]
    stops = [mix(a, b, dusk) for a, b in zip(day, night)]
    picture = sky(*stops, stops[-1], size=(width, height))
    sun = 0.33 + 0.17 * dusk
    picture = glow(picture, 0.5, sun, 0.12, colour("#ffb163"), 0.55)
    picture = disc(picture, 0.5, sun, 0.075, colour("#fff1cf") * (1 - dusk) + colour("#ffcf8a") * dusk)
    for depth in range(8):
        part = depth / 7
        phase, turns = 2 * np.pi * time, 1 + depth % 3
        crest = 0.5 + 0.068 * depth
        for scale, lift in ((2.1, 1.0), (3.7, 0.5), (6.3, 0.22)):
            crest = crest + (0.006 + 0.016 * part) * lift * np.sin(
                2 * np.pi * scale * (1 - 0.45 * part) * x + turns * phase * (-1) ** depth + depth * 1.9 * scale)
        tops = (mix("#e9a98f", "#c8667a", dusk), mix("#2b5f87", "#3a2a66", dusk), mix("#0d2f4d", "#171236", dusk))
        top = ramp(np.array(part), *tops)
        rows = np.linspace(0, 1, height)[:, None]
        sheen = np.exp(-np.clip(rows - crest[None, :], 0, 1) * 60) * np.exp(-((x[None, :] - 0.5) ** 2) * (26 - 18 * part))
        paint = top + (sheen * (0.42 - 0.3 * part))[..., None] * colour("#ffd9a0")
        picture = blend(picture, paint, below(crest, height, 1.5))
    return picture


def mix(a, b, amount):
    """A colour between two, as `#rrggbb`."""
    parts = (colour(a) * (1 - amount) + colour(b) * amount) * 255
    return "#" + "".join(f"{round(part):02x}" for part in parts)


if __name__ == "__main__":
    main(sys.argv[1:])
