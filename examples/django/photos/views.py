from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from photos.forms import PhotoForm
from photos.models import Photo


# The page has links that expire, and are for one user.
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def album(request):
    form = PhotoForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save(owner=request.user)
        return redirect("album")
    photos = Photo.objects.filter(owner=request.user)
    return render(request, "photos/album.html", {"form": form, "photos": photos})


@login_required
@require_POST
def remove(request, pk):
    photo = get_object_or_404(Photo, pk=pk, owner=request.user)
    photo.delete()
    photo.file.delete(save=False)
    return redirect("album")
